//! Proxies that the environment names.

use url::Url;

const VARIABLES: [&str; 6] = [
    "HTTP_PROXY",
    "http_proxy",
    "HTTPS_PROXY",
    "https_proxy",
    "ALL_PROXY",
    "all_proxy",
];

/// Their host names.
pub fn hosts_in_environment() -> Vec<String> {
    let values = VARIABLES
        .into_iter()
        .filter_map(|name| std::env::var(name).ok());
    values.filter_map(|value| host_of(&value)).collect()
}

/// A proxy is a URL, or a host and a port.
fn host_of(proxy: &str) -> Option<String> {
    let parsed = match proxy.contains("://") {
        true => Url::parse(proxy),
        false => Url::parse(&format!("http://{proxy}")),
    };
    parsed.ok()?.host_str().map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_host_of_a_proxy_is_found_however_it_is_written() {
        for proxy in [
            "http://proxy.corp:3128",
            "proxy.corp:3128",
            "http://ann:secret@PROXY.corp/",
        ] {
            assert_eq!(host_of(proxy).as_deref(), Some("proxy.corp"), "{proxy}");
        }
        assert_eq!(host_of(""), None);
    }
}
