//! As much of HTML as our own pages have: links, forms and their controls.

use std::collections::BTreeSet;

use axum::body::Body;

/// A form of a page.
#[derive(Debug, Clone)]
pub(crate) struct Form {
    pub(crate) method: &'static str,
    pub(crate) action: String,
    pub(crate) is_upload: bool,
    pub(crate) controls: Vec<Control>,
}

/// A field of a form.
#[derive(Debug, Clone)]
pub(crate) struct Control {
    pub(crate) name: String,
    pub(crate) kind: String,
    /// What is sent when nobody touches it; none for what is not ticked.
    pub(crate) value: Option<String>,
}

impl Control {
    fn is_token(&self) -> bool {
        self.name == "csrf"
    }

    /// Whether people write into it.
    fn is_text(&self) -> bool {
        !matches!(self.kind.as_str(), "hidden" | "checkbox" | "radio" | "select" | "submit")
    }
}

impl Form {
    /// What a browser sends when nobody touches it.
    pub(crate) fn defaults(&self) -> Vec<(String, String)> {
        let sent = |one: &Control| Some((one.name.clone(), one.value.clone()?));
        self.controls.iter().filter_map(sent).collect()
    }

    /// This value in every text, or (`everywhere`) in all that can be chosen as well; its token stays.
    pub(crate) fn with(&self, value: &str, everywhere: bool) -> Vec<(String, String)> {
        let sent = |one: &Control| {
            let is_changed = !one.is_token() && (everywhere || one.is_text());
            let value = if is_changed { Some(value.to_owned()) } else { one.value.clone() };
            Some((one.name.clone(), value?))
        };
        self.controls.iter().filter_map(sent).collect()
    }

    /// This value in the field at this place, if it is no token; the others as they stand.
    pub(crate) fn with_one(&self, place: usize, value: &str) -> Option<Vec<(String, String)>> {
        let mut form = self.clone();
        let control = form.controls.get_mut(place).filter(|one| !one.is_token())?;
        control.value = Some(value.to_owned());
        Some(form.defaults())
    }

    pub(crate) fn only_token(&self) -> Vec<(String, String)> {
        self.defaults().into_iter().filter(|(name, _)| name == "csrf").collect()
    }
}

/// A tag with its attributes, and where it ends.
struct Tag<'p> {
    name: &'p str,
    attributes: Vec<(&'p str, String)>,
    end: usize,
}

impl Tag<'_> {
    fn get(&self, name: &str) -> Option<&str> {
        self.attributes.iter().find(|(known, _)| *known == name).map(|(_, value)| value.as_str())
    }

    fn has(&self, name: &str) -> bool {
        self.get(name).is_some()
    }
}

/// Every tag of a page; ours quote every value.
fn tags(page: &str) -> Vec<Tag<'_>> {
    let mut tags = Vec::new();
    let mut at = 0;
    while let Some(start) = page[at..].find('<').map(|found| at + found) {
        let mut rest = start + 1;
        let is_name = |c: char| c.is_ascii_alphanumeric() || c == '/';
        let name_end = page[rest..].find(|c| !is_name(c)).map_or(page.len(), |found| rest + found);
        let name = &page[rest..name_end];
        rest = name_end;
        let mut attributes = Vec::new();
        loop {
            rest += page[rest..].len() - page[rest..].trim_start().len();
            let Some(next) = page[rest..].chars().next() else { break };
            if next == '>' {
                rest += 1;
                break;
            }
            let end = page[rest..].find(|c: char| c.is_whitespace() || c == '=' || c == '>');
            let end = end.map_or(page.len(), |found| rest + found);
            let key = &page[rest..end];
            if page[end..].starts_with("=\"") {
                let close = page[end + 2..].find('"').map_or(page.len(), |found| end + 2 + found);
                attributes.push((key, unescaped(&page[end + 2..close])));
                rest = (close + 1).min(page.len());
            } else {
                attributes.push((key, String::new()));
                rest = end;
                if page[rest..].starts_with('=') {
                    rest += 1;
                }
            }
        }
        at = rest.max(start + 1);
        tags.push(Tag { name, attributes, end: at });
    }
    tags
}

fn unescaped(text: &str) -> String {
    let mut plain = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('&') {
        plain.push_str(before);
        let Some((entity, later)) = after.split_once(';').filter(|(entity, _)| entity.len() < 9) else {
            plain.push('&');
            rest = after;
            continue;
        };
        let named = match entity {
            "amp" => Some('&'),
            "lt" => Some('<'),
            "gt" => Some('>'),
            "quot" => Some('"'),
            code => code.strip_prefix('#').and_then(|code| char::from_u32(code.parse().ok()?)),
        };
        plain.extend(named);
        rest = later;
    }
    plain + rest
}

/// Where a page leads.
pub(crate) fn links(page: &str) -> BTreeSet<String> {
    let anchors = tags(page).into_iter().filter(|tag| tag.name == "a");
    anchors.filter_map(|tag| tag.get("href").map(str::to_owned)).collect()
}

/// The forms of a page, each once for every button that says something of its own.
pub(crate) fn forms(page: &str) -> Vec<Form> {
    let tags = tags(page);
    let mut forms: Vec<(Option<String>, Form)> = Vec::new();
    let mut buttons: Vec<(usize, Control, Option<String>)> = Vec::new();
    let mut later: Vec<(String, Control)> = Vec::new();
    let mut inside = None;
    let mut select: Option<(String, Option<String>)> = None;
    for (place, tag) in tags.iter().enumerate() {
        match tag.name {
            "form" => {
                let method = if tag.get("method") == Some("post") { "POST" } else { "GET" };
                let action = tag.get("action").unwrap_or_default().to_owned();
                let is_upload = tag.get("enctype") == Some("multipart/form-data");
                forms.push((
                    tag.get("id").map(str::to_owned),
                    Form { method, action, is_upload, controls: Vec::new() },
                ));
                inside = Some(forms.len() - 1);
            }
            "/form" => inside = None,
            "select" => select = tag.get("name").map(|name| (name.to_owned(), None)),
            "option" => {
                if let Some((_, chosen)) = &mut select {
                    let until = tags
                        .get(place + 1)
                        .map_or(page.len(), |next| page[..next.end].rfind('<').unwrap_or(0));
                    let text = unescaped(page[tag.end..until.max(tag.end)].trim());
                    let value = tag.get("value").map_or(text, str::to_owned);
                    if tag.has("selected") || chosen.is_none() {
                        *chosen = Some(value);
                    }
                }
            }
            "/select" => {
                if let Some((name, value)) = select.take() {
                    let control = Control { name, kind: "select".to_owned(), value };
                    inside.into_iter().for_each(|form| forms[form].1.controls.push(control.clone()));
                }
            }
            "input" | "textarea" | "button" => {
                let kind = match tag.name {
                    "button" => "submit",
                    "textarea" => "textarea",
                    _ => tag.get("type").unwrap_or("text"),
                };
                let named = tag.get("name").map(str::to_owned);
                if kind == "submit" {
                    let value = Some(tag.get("value").unwrap_or_default().to_owned());
                    let elsewhere = tag.get("formaction").map(str::to_owned);
                    if let (Some(form), true) = (inside, named.is_some() || elsewhere.is_some()) {
                        let name = named.unwrap_or_default();
                        buttons.push((form, Control { name, kind: "submit".to_owned(), value }, elsewhere));
                    }
                    continue;
                }
                let Some(name) = named else { continue };
                let is_box = matches!(kind, "checkbox" | "radio");
                let value = match tag.name {
                    "textarea" => {
                        let close =
                            page[tag.end..].find("</textarea").map_or(page.len(), |found| tag.end + found);
                        Some(unescaped(&page[tag.end..close]))
                    }
                    _ if is_box && !tag.has("checked") => None,
                    _ if is_box => Some(tag.get("value").unwrap_or("on").to_owned()),
                    _ => Some(tag.get("value").unwrap_or_default().to_owned()),
                };
                let control = Control { name, kind: kind.to_owned(), value };
                match (tag.get("form"), inside) {
                    (Some(form), _) => later.push((form.to_owned(), control)),
                    (None, Some(form)) => forms[form].1.controls.push(control),
                    (None, None) => {}
                }
            }
            _ => {}
        }
    }
    for (id, control) in later {
        let form = forms.iter_mut().find(|(known, _)| known.as_deref() == Some(&id));
        form.unwrap_or_else(|| panic!("a field belongs to the form {id}, which is not there"))
            .1
            .controls
            .push(control);
    }
    let pressed = buttons.into_iter().map(|(form, button, elsewhere)| {
        let mut form = forms[form].1.clone();
        form.action = elsewhere.unwrap_or(form.action);
        if !button.name.is_empty() {
            // The kind of a form is told by the names of its fields: what a button says is one of them.
            form.controls.push(button);
        }
        form
    });
    let pressed: Vec<Form> = pressed.collect();
    forms.into_iter().map(|(_, form)| form).chain(pressed).collect()
}

/// The text of a page without its tags, and without what stands around every page.
pub(crate) fn words(page: &str) -> String {
    let main = page.split_once("<h1").map_or(page, |(_, rest)| rest);
    let pieces = main.split('<').filter_map(|piece| piece.split_once('>')).map(|(_, text)| text);
    pieces.collect::<Vec<_>>().join(" ")
}

/// A form with files: each with these bytes as its name and its content.
pub(crate) fn multipart(form: &Form, values: &[(String, String)]) -> Body {
    let mut body = Vec::new();
    for (name, value) in values {
        let is_file = form.controls.iter().any(|one| one.name == *name && one.kind == "file");
        let clean = value.replace(['"', '\r', '\n', '\0'], "_");
        let file = if is_file { format!("; filename=\"{clean}\"") } else { String::new() };
        body.extend(
            format!("--x\r\nContent-Disposition: form-data; name=\"{name}\"{file}\r\n\r\n").into_bytes(),
        );
        body.extend(value.as_bytes());
        body.extend(b"\r\n");
    }
    body.extend(b"--x--\r\n");
    Body::from(body)
}

#[test]
fn links_forms_and_what_stands_in_them_are_found() {
    let page = r#"<a href="/x?a=1&amp;b=2">x</a><form method="post" action="/y" id="f"><input type="hidden" name="csrf" value="t">
        <textarea name="text">a &lt; b</textarea><select name="s"><option value="1">one</option><option selected>two</option></select>
        <input type="checkbox" name="c" checked><input type="checkbox" name="d" value="1"><button name="do" value="it">Go</button></form>
        <input name="far" form="f" value="&quot;q&#34;">"#;
    assert_eq!(links(page).into_iter().collect::<Vec<_>>(), ["/x?a=1&b=2"]);
    let found = forms(page);
    assert_eq!((found.len(), found[0].method, found[0].action.as_str()), (2, "POST", "/y"));
    let sent: Vec<(String, String)> = found[0].defaults();
    let expected = [("csrf", "t"), ("text", "a < b"), ("s", "two"), ("c", "on"), ("far", "\"q\"")];
    assert_eq!(sent, expected.map(|(name, value)| (name.to_owned(), value.to_owned())));
    assert_eq!(found[1].defaults().last().unwrap(), &("do".to_owned(), "it".to_owned()));
    let hostile = found[0].with("<b>", false);
    assert_eq!(hostile[1].1, "<b>");
    assert_eq!((hostile[0].1.as_str(), hostile[2].1.as_str()), ("t", "two"));
    assert!(words("<p>no</p><h1>A b</h1><p>c d</p>").contains("c d"));
}
