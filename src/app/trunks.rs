//! What the configuration says of trunks and peers, as the page of trunks shows it.

use ipnet::IpNet;

use crate::service::routing::TrunkRules;
use crate::service::trunks::TrunkView;

use super::config::Config;

/// Every trunk, then those who call over none.
pub(super) fn views(config: &Config) -> Vec<TrunkView> {
    let sip = &config.sip;
    let trunks = sip.trunks.iter().map(|trunk| {
        let way = trunk.out.as_ref().map(|out| (out.to.clone(), out.targets.clone()));
        let mut reachable_at = hosts(&trunk.peers);
        if let Some((to, _)) = &way {
            reachable_at.insert(0, format!("sip:{}", to.strip_prefix("sip:").unwrap_or(to)));
        }
        TrunkView {
            name: trunk.name.clone(),
            peers: trunk.peers.clone(),
            is_asked: trunk.account().is_some(),
            is_answered: trunk.ours().is_some(),
            route: route(&trunk.route),
            transfer_targets: trunk.transfer_targets.clone().unwrap_or_else(|| sip.transfer_targets.clone()),
            out: way,
            reachable_at,
        }
    });
    let others = TrunkView {
        peers: sip.peers.clone(),
        route: route(&sip.route),
        transfer_targets: sip.transfer_targets.clone(),
        reachable_at: hosts(&sip.peers),
        ..TrunkView::default()
    };
    trunks.chain([others]).collect()
}

/// Peers that are one address, and not this machine.
fn hosts(peers: &[IpNet]) -> Vec<String> {
    let single =
        peers.iter().filter(|net| net.prefix_len() == net.max_prefix_len() && !net.addr().is_loopback());
    let uri = |net: &IpNet| match net {
        IpNet::V4(net) => format!("sip:{}", net.addr()),
        IpNet::V6(net) => format!("sip:[{}]", net.addr()),
    };
    single.map(uri).collect()
}

fn route(rules: &TrunkRules) -> Vec<(&'static str, String)> {
    let order = rules.order.iter().filter(|source| !rules.disabled.contains(source));
    let digits = rules.last_digits.map(|digits| digits.to_string());
    let text = |text: &Option<String>| text.clone().unwrap_or_default();
    let headers: Vec<String> = rules.headers.iter().map(|header| header.name.clone()).collect();
    let set = [
        ("Tenant", text(&rules.tenant)),
        ("Looked for in", order.map(|source| source.as_str()).collect::<Vec<_>>().join(", ")),
        ("Headers", headers.join(", ")),
        ("Prefixes", rules.prefixes.join(", ")),
        ("Passed over", rules.skip.join(", ")),
        ("Last digits that count", digits.unwrap_or_default()),
        ("Country code", text(&rules.country_code)),
        ("Sign-in numbers", rules.access_numbers.join(", ")),
        ("Directory numbers", rules.directory_numbers.join(", ")),
    ];
    set.into_iter().filter(|(_, value)| !value.is_empty()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_view_has_what_is_configured_and_no_password() {
        let text = "[sip]\npeers = [\"10.0.0.0/8\", \"127.0.0.1\"]\ntransfer_targets = [\"1000\"]\n[[sip.trunks]]\nname = \"carrier\"\n\
                    peers = [\"192.0.2.7\"]\nrealm = \"r\"\nuser = \"secretuser\"\npassword = \"hunter2\"\n\
                    route = { country_code = \"49\" }\nout = { to = \"pbx.example.org\", targets = [\"+49*\"] }\n";
        let config = Config::parse(text, std::path::Path::new("data")).unwrap();
        let views = views(&config);
        let carrier = &views[0];
        assert!(carrier.is_asked && carrier.is_answered);
        assert_eq!(carrier.reachable_at, ["sip:pbx.example.org", "sip:192.0.2.7"]);
        assert_eq!(
            (&carrier.transfer_targets[..], &carrier.out.as_ref().unwrap().1[..]),
            (&["1000".to_owned()][..], &["+49*".to_owned()][..])
        );
        assert!(carrier.route.contains(&("Country code", "49".to_owned())));
        let others = &views[1];
        assert!(
            others.name.is_empty() && !others.is_asked && others.reachable_at.is_empty(),
            "a network is no single address"
        );
        let all = format!("{views:?}");
        assert!(!all.contains("hunter2") && !all.contains("secretuser"), "{all}");
    }
}
