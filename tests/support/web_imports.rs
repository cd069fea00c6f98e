//! Many users at once, as an administrator brings them in by the browser.

use std::time::Duration;

use aftertone::domain::{Extension, Role};
use axum::body::Body;
use serde_json::json;

use crate::browser::Browser;
use crate::portal::Client;
use crate::portal_in_the_browser::{check, sign_in};
use crate::web_bed::{Answer, WebBed};

const HERE: &str = "/admin/imports";
const HOSTILE: &str = "<script>alert(1)</script>'><img src=x onerror=alert(1)>";

impl Client<'_> {
    async fn bring(&self, csrf: &str, name: &str, file: &[u8]) -> Answer {
        let mut body = format!("--x\r\nContent-Disposition: form-data; name=\"csrf\"\r\n\r\n{csrf}\r\n--x\r\nContent-Disposition: form-data; name=\"file\"; filename=\"{name}\"\r\nContent-Type: text/csv\r\n\r\n").into_bytes();
        body.extend(file);
        body.extend(b"\r\n--x--\r\n");
        let headers = [("content-type", "multipart/form-data; boundary=x"), ("cookie", self.cookie.as_str())];
        self.bed.send("192.0.2.1", "POST", HERE, &headers, Body::from(body)).await
    }

    /// The page of a draft once its import is over.
    async fn over(&self, path: &str) -> Answer {
        for _ in 0..200 {
            let page = self.get(path).await;
            if !page.text().contains("Being imported") {
                return page;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        panic!("the import did not end");
    }
}

async fn names(bed: &WebBed) -> Vec<String> {
    let users = bed.services.accounts.list(bed.mailbox.tenant).await.unwrap();
    users.into_iter().map(|(user, _)| user.full_name()).collect()
}

// 002-087, 002-088, 002-089, 003-07
#[tokio::test]
async fn a_file_is_shown_mended_imported_and_taken_back() {
    let bed = WebBed::new().await;
    let client = bed.client(&bed.mailbox, Role::TenantAdmin).await;
    let template = client.get(&format!("{HERE}/template.csv")).await;
    assert!(
        template.text().starts_with("\u{feff}extension,first,last,"),
        "spreadsheets know UTF-8 by its mark"
    );
    assert!(template.header("content-disposition").contains("users.csv"));
    let file = "extension;first;last;email;pin;shoes\n1001;Ada;King;;;41\n1002;Zo\u{eb};B;nowhere;482913;\n1003;C;D;;739146;\n";
    let windows: Vec<u8> = file.chars().map(|c| u8::try_from(u32::from(c)).unwrap()).collect();
    let kept = client.bring(client.csrf(), "staff.csv", &windows).await;
    assert_eq!(kept.status, 303, "{}", kept.text());
    let path = kept.header("location").to_owned();
    let page = client.get(&path).await;
    let text = page.text();
    assert!(text.contains("Windows-1252, semicolons between its cells") && text.contains("shoes"), "{text}");
    assert!(
        text.contains("value=\"Zo\u{eb}\"") && text.contains("aria-invalid=\"true\""),
        "the faulty row is open"
    );
    assert!(
        !text.contains("482913") && !text.contains("Import 2"),
        "a PIN is not shown, nor is it importable"
    );
    assert!(client.get(HERE).await.text().contains("Not imported yet"));

    let changes = [("only", "faults"), ("c-3-3", "zoe@example.org"), ("pin-3-4", "")];
    let saved = client.post(&format!("{path}/rows"), &changes).await;
    assert_eq!(saved.status, 303, "{}", saved.text());
    let page = client.get(&format!("{path}?only=all")).await;
    assert!(
        page.text().contains("Import 3 users") && page.text().contains("was <bdi>Lovelace</bdi>"),
        "{}",
        page.text()
    );
    assert_eq!(client.post(&format!("{path}/apply"), &[]).await.status, 303);
    let done = client.over(&path).await;
    assert!(done.text().contains("Every row is in."), "{}", done.text());
    assert_eq!(names(&bed).await, ["Ada King", "Zo\u{eb} B", "C D"]);
    let zoe: Extension = "1002".parse().unwrap();
    assert!(
        bed.services.accounts.show(bed.mailbox.tenant, &zoe).await.unwrap().has_pin,
        "an empty field left it"
    );
    let result = client.get(&format!("{path}/result.csv")).await;
    assert!(result.text().contains("1002;Zo\u{eb};B;zoe@example.org;;;added;"), "{}", result.text());
    assert!(client.get("/admin/audit").await.text().contains("users.imported"));

    let list = client.get(HERE).await;
    let back = list.text().split('"').find(|text| text.ends_with("/take-back")).unwrap().to_owned();
    bed.rename_owner("Ada", "Countess").await;
    let held = client.post(&back, &[]).await;
    assert!(held.status == 409 && held.text().contains("after the import: mailbox 1001"), "{}", held.text());
    assert!(held.text().contains("<details open>") && held.text().contains("Take back all the same"));
    assert_eq!(names(&bed).await.len(), 3, "nothing was taken back");
    assert_eq!(client.post(&back, &[("anyway", "1")]).await.status, 303);
    assert_eq!(names(&bed).await, ["Ada Lovelace"]);
    assert_eq!(client.post(&back, &[]).await.status, 409, "once");
}

// 002-089
#[tokio::test]
async fn a_row_that_is_left_out_is_shown_named_in_the_result_and_taken_in_again() {
    let bed = WebBed::new().await;
    let client = bed.client(&bed.mailbox, Role::TenantAdmin).await;
    let kept = client.bring(client.csrf(), "x.csv", b"extension,first\n1002,Bob\n1003,Eve\n1004,Ivy\n").await;
    let path = kept.header("location").to_owned();
    let save = async |name: &str| client.post(&format!("{path}/rows"), &[("only", "all"), (name, "1")]).await;
    let todo = client.get(&format!("{path}?only=changes")).await;
    assert!(!todo.text().contains("Save these rows") && !todo.text().contains("Left out"), "{}", todo.text());
    let edited = client.get(&format!("{path}?only=changes&line=3")).await;
    assert!(edited.text().contains("Save these rows"));

    assert_eq!(save("out-3").await.status, 303);
    for only in ["all", "left-out"] {
        let page = client.get(&format!("{path}?only={only}")).await;
        for said in
            ["Left out <span class=\"count\">1<", "name=\"in-3\"", "Eve", "Save these rows", "Import 2 users"]
        {
            assert!(page.text().contains(said), "{only}: {said}: {}", page.text());
        }
    }
    let looked = client.get(&format!("{path}/result.csv")).await;
    assert!(looked.text().contains("1003,Eve,left out,\r\n"), "{}", looked.text());
    assert!(looked.text().contains("1002,Bob,not imported,would be added\r\n"), "{}", looked.text());
    for wrong in ["out-3", "in-2", "in-9", "c-3-1"] {
        assert_eq!(save(wrong).await.status, 422, "{wrong}");
    }
    assert_eq!(save("in-3").await.status, 303);
    let page = client.get(&format!("{path}?only=all")).await;
    assert!(page.text().contains("Import 3 users") && !page.text().contains("Left out"), "{}", page.text());

    save("out-4").await;
    assert_eq!(client.post(&format!("{path}/apply"), &[]).await.status, 303);
    assert!(client.over(&path).await.text().contains("Every row is in."));
    assert_eq!(names(&bed).await.len(), 3);
    let result = client.get(&format!("{path}/result.csv")).await;
    assert!(result.text().contains("1003,Eve,added,\r\n1004,Ivy,left out,\r\n"), "{}", result.text());
}

#[tokio::test]
async fn what_is_no_table_too_large_or_not_ours_changes_nothing_and_says_why() {
    let bed = WebBed::new().await;
    let client = bed.client(&bed.mailbox, Role::TenantAdmin).await;
    let (before, csrf) = (bed.everything().await, client.csrf().to_owned());
    let columns = format!("extension{}\n1002\n", ",x".repeat(100_000));
    for (file, status, expected) in [
        (&b""[..], 422, "it is empty"),
        (b"\xff\xfe\x00", 422, "not text"),
        (b"PK\x03\x04\0\0\0\x08", 422, "not text"),
        (b"first,last\nA,B\n", 422, "No column is named extension"),
        (b"extension,first\n1,2,3\n", 422, "Line 2: more cells"),
        (columns.as_bytes(), 422, "more than 100 columns"),
        (&vec![b'x'; 11 * 1024 * 1024], 413, "larger than 10 MiB"),
    ] {
        let refused = client.bring(&csrf, "x.csv", file).await;
        assert_eq!(refused.status, status, "{expected}: {}", refused.text());
        assert!(refused.text().contains(expected), "{expected}: {}", refused.text());
    }
    assert_eq!(client.bring("wrong", "x.csv", b"extension\n1002\n").await.status, 403);
    let lying = [
        ("content-type", "multipart/form-data; boundary=x"),
        ("cookie", client.cookie.as_str()),
        ("content-length", "2147483648"),
    ];
    let lied = bed.send("192.0.2.1", "POST", HERE, &lying, Body::from("--x--\r\n")).await;
    assert_eq!(lied.status, 413, "{}", lied.text());
    assert_eq!(bed.everything().await, before);
}

#[tokio::test]
async fn a_draft_is_nobody_elses_and_hostile_cells_are_only_text() {
    let bed = WebBed::new().await;
    let manager = bed.client(&bed.mailbox, Role::OfficeManager).await;
    let file = format!("extension,first,{HOSTILE}\n1002,\"=HYPERLINK(\"\"http://x\"\")\",x\nx,{HOSTILE},\n");
    let kept = manager.bring(manager.csrf(), HOSTILE, file.as_bytes()).await;
    assert_eq!(kept.status, 303, "{}", kept.text());
    let path = kept.header("location").to_owned();
    for page in [path.clone(), format!("{path}?only=all"), HERE.to_owned()] {
        let page = manager.get(&page).await;
        assert!(page.status == 200 && !page.text().contains(HOSTILE), "{}", page.text());
    }
    let stranger = bed.stranger().await;
    for (mailbox, role, status) in [(&stranger, Role::TenantAdmin, 404), (&stranger, Role::Basic, 403)] {
        let client = bed.client(mailbox, role).await;
        assert_eq!(client.get(&path).await.status, status);
        for action in ["rows", "apply", "discard"] {
            assert_eq!(client.post(&format!("{path}/{action}"), &[]).await.status, status, "{action}");
        }
        assert_eq!(client.get(&format!("{path}/result.csv")).await.status, status);
    }
    assert_eq!(manager.post(&format!("{path}/rows"), &[("c-3-0", "1003"), ("out-2", "1")]).await.status, 303);
    let page = manager.get(&format!("{path}?only=all")).await;
    assert!(page.text().contains("Import 1 user<"), "{}", page.text());
    assert_eq!(manager.post(&format!("{path}/rows"), &[("c-9-0", "1003")]).await.status, 422);
    assert_eq!(manager.post(&format!("{path}/discard"), &[]).await.status, 303);
    assert_eq!(manager.get(&path).await.status, 404);
    assert_eq!(names(&bed).await.len(), 1);
}

// 002-089, 003-07
#[tokio::test]
async fn a_program_takes_a_file_in_mends_it_and_imports_all_of_it() {
    let bed = WebBed::new().await;
    let acts = vec![aftertone::service::access::Act::UsersWrite];
    let key = bed.key(bed.mailbox.tenant, acts).await;
    let ask = async |method: &str, path: &str, kind: &str, body: Vec<u8>| {
        let headers = [("authorization", key.as_str()), ("content-type", kind)];
        bed.send("192.0.2.1", method, &format!("/api/v1/imports{path}"), &headers, Body::from(body)).await
    };
    let read = |answer: &Answer| serde_json::from_slice::<serde_json::Value>(&answer.body).unwrap();
    let file = "extension,first,email,pin\n1002,Bob,nowhere,482913\n1003,C,,\nx,D,,\n";
    let form = format!(
        "--x\r\nContent-Disposition: form-data; name=\"file\"; filename=\"staff.csv\"\r\n\r\n{file}\r\n--x--\r\n"
    );
    let (multipart, plain) = ("multipart/form-data; boundary=x", "application/json");
    let taken = ask("POST", "/drafts", multipart, form.into_bytes()).await;
    assert_eq!(taken.status, 201, "{}", taken.text());
    assert_eq!(read(&taken)["counts"], json!({"rows": 3, "add": 1, "change": 0, "faults": 2, "left_out": 0}));
    let path = format!("/drafts/{}", read(&taken)["id"].as_str().unwrap());
    let rows = read(&ask("GET", &format!("{path}/rows?only=faults&limit=1"), plain, Vec::new()).await);
    assert_eq!(rows["items"][0]["faults"][0]["column"], "email", "{rows}");
    assert_eq!((&rows["items"][0]["cells"]["pin"], &rows["next"]), (&json!("given"), &json!("2")));
    let more = read(&ask("GET", &format!("{path}/rows?only=faults&after=2"), plain, Vec::new()).await);
    assert_eq!((&more["items"][0]["line"], &more["next"]), (&json!(4), &json!(null)));
    let mend = |rows: serde_json::Value| json!({ "rows": rows }).to_string().into_bytes();
    for wrong in
        [json!([{"line": 2, "cells": {"shoes": "41"}}]), json!([{"line": 9, "cells": {"first": "x"}}])]
    {
        let refused = ask("PATCH", &format!("{path}/rows"), plain, mend(wrong)).await;
        assert_eq!((refused.status, read(&refused)["errors"][0]["field"].as_str()), (422, Some("rows")));
    }
    let right = json!([{"line": 2, "cells": {"email": "bob@example.org"}}, {"line": 4}]);
    let mended = ask("PATCH", &format!("{path}/rows"), plain, mend(right)).await;
    let counts = read(&mended)["counts"].take();
    assert_eq!((&counts["faults"], &counts["left_out"]), (&json!(0), &json!(1)), "{}", mended.text());
    let rows = read(&ask("GET", &format!("{path}/rows?only=left-out"), plain, Vec::new()).await);
    assert_eq!((&rows["items"][0]["line"], &rows["items"][0]["does"]), (&json!(4), &json!("left-out")));
    for wrong in
        [json!([{"line": 2, "left_out": false}]), json!([{"line": 4, "left_out": false, "cells": {}}])]
    {
        let refused = ask("PATCH", &format!("{path}/rows"), plain, mend(wrong)).await;
        assert_eq!((refused.status, read(&refused)["errors"][0]["field"].as_str()), (422, Some("rows")));
    }
    let back =
        ask("PATCH", &format!("{path}/rows"), plain, mend(json!([{"line": 4, "left_out": false}]))).await;
    assert_eq!(read(&back)["counts"]["faults"], 1, "{}", back.text());
    ask("PATCH", &format!("{path}/rows"), plain, mend(json!([{"line": 4, "left_out": true}]))).await;
    assert_eq!(ask("POST", &format!("{path}/apply"), plain, Vec::new()).await.status, 202);
    let mut draft = read(&mended);
    for _ in 0..200 {
        draft = read(&ask("GET", &path, plain, Vec::new()).await);
        if draft["is_done"] == true {
            break;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    assert_eq!(draft["is_done"], true, "{draft}");
    assert_eq!(names(&bed).await.len(), 3);
    let result = ask("GET", &format!("{path}/result.csv"), plain, Vec::new()).await;
    assert!(result.text().contains("1002,Bob,bob@example.org,,added,"), "{}", result.text());
    let back = format!("/{}/take-back", draft["import"].as_str().unwrap());
    assert_eq!(ask("POST", &back, plain, b"{}".to_vec()).await.status, 204);
    let twice = ask("POST", &back, plain, b"{}".to_vec()).await;
    assert!(twice.status == 409 && twice.text().contains("taken back already"), "{}", twice.text());
    assert_eq!(names(&bed).await.len(), 1);
    assert_eq!(ask("DELETE", &path, plain, Vec::new()).await.status, 204);
}

// 002-089
#[tokio::test(flavor = "multi_thread")]
async fn a_thousand_users_are_imported_with_their_faults_mended_in_place() {
    let Some(browser) = Browser::start().await else { return };
    let bed = WebBed::new().await;
    let at = bed.serve().await;
    bed.give(&bed.mailbox, Role::TenantAdmin).await;
    sign_in(&browser, &format!("http://{at}/")).await;

    // A thousand rows; in thirty of them the address is none.
    let row = |n: u32| {
        let at = if n.is_multiple_of(34) { "" } else { "@" };
        format!("{},First {n},Last {n},user{n}{at}example.org,,,,,Europe/Berlin,Sales and service", 2000 + n)
    };
    let rows: Vec<String> = (0..1000).map(row).collect();
    let columns = "extension,first,last,email,mail,numbers,direct,phone,zone,department";
    let file = format!("{columns}\n{}\n", rows.join("\n"));
    browser.open(&format!("http://{at}{HERE}")).await;
    // The file is dropped on the form, as from a folder.
    let drop = format!(
        "const files = new DataTransfer(); files.items.add(new File([{}], 'users.csv', {{ type: 'text/csv' }}));
         document.querySelector('form[data-drop]').dispatchEvent(new DragEvent('drop', {{ dataTransfer: files, bubbles: true, cancelable: true }}));",
        json!(file)
    );
    browser.run(&drop).await;
    browser.until("return document.title.startsWith('Import of users.csv')").await;
    let draft = browser.run("return location.href").await;
    check(&browser, draft.as_str().unwrap(), "admin-import").await;
    check(&browser, &format!("http://{at}{HERE}"), "admin-imports").await;
    // The line, what can be done with it and the names of the columns are in view however far the cells go.
    for only in ["faults", "all"] {
        browser.open(&format!("{}?only={only}", draft.as_str().unwrap())).await;
        let seen = "const grid = document.querySelector('.scroll').getBoundingClientRect();
            return [...document.querySelectorAll('.cells tbody tr')].every((row) =>
                [row.firstElementChild, row.lastElementChild].every((cell) => {
                    const box = cell.getBoundingClientRect();
                    return box.left >= grid.left - 1 && box.right <= grid.right + 1 && box.right <= innerWidth;
                }));";
        for far in ["0", "1e4"] {
            browser.run(&format!("document.querySelector('.scroll').scrollTo({far}, {far})")).await;
            assert_eq!(browser.run(seen).await, json!(true), "{only}, scrolled to {far}");
            let names = "const grid = document.querySelector('.scroll').getBoundingClientRect();
                return document.querySelector('.cells th').getBoundingClientRect().top - grid.top < 3;";
            assert_eq!(browser.run(names).await, json!(true), "{only}, scrolled to {far}");
        }
    }
    browser.open(draft.as_str().unwrap()).await;
    let mut mended = 0;
    while browser.run("return document.querySelectorAll('[aria-invalid=true]').length > 0").await
        == json!(true)
    {
        // As somebody would, field by field.
        let faults = browser.run("return document.querySelectorAll('[aria-invalid=true]').length").await;
        mended += faults.as_u64().unwrap();
        browser
            .run("for (const field of document.querySelectorAll('[aria-invalid=true]')) field.value = field.value.replace('example', '@example');")
            .await;
        browser.click("form[action$='/rows'] button").await;
        browser
            .until("return location.search.includes('done=saved') && document.readyState === 'complete'")
            .await;
        assert!(mended <= 30, "{mended}");
        browser
            .open(&format!("http://{at}{}", browser.run("return location.pathname").await.as_str().unwrap()))
            .await;
    }
    assert_eq!(mended, 30);
    browser.click("form[action$='/apply'] button").await;
    browser.until("return document.querySelector('main h2')?.textContent === 'Imported'").await;
    assert_eq!(names(&bed).await.len(), 1001);
    assert_eq!(browser.console().await, Vec::<String>::new());
}
