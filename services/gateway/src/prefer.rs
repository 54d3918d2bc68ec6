//! `Prefer: wait=N` of RFC 7240.

use std::time::Duration;

use axum::http::HeaderMap;

/// How long the client would like to wait, as far as it may.
pub fn preferred_wait(headers: &HeaderMap, max: Duration) -> Option<Duration> {
    let values = headers.get_all("prefer").iter();
    let preferences = values
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split([',', ';']));
    let mut waits = preferences.filter_map(|preference| {
        let (name, seconds) = preference.split_once('=')?;
        let seconds = seconds.trim().trim_matches('"').parse().ok()?;
        name.trim()
            .eq_ignore_ascii_case("wait")
            .then(|| Duration::from_secs(seconds))
    });
    let wait = waits.next()?.min(max);
    (!wait.is_zero()).then_some(wait)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waiting_is_bounded_and_other_preferences_are_ignored() {
        let cases = [
            ("wait=5", Some(5)),
            ("respond-async, Wait = \"7\"", Some(7)),
            ("wait=100000", Some(60)),
            ("wait=0", None),
            ("wait=-1", None),
            ("wait=soon", None),
            ("return=minimal", None),
        ];
        for (value, seconds) in cases {
            let mut headers = HeaderMap::new();
            headers.insert("prefer", value.parse().unwrap());
            let wait = preferred_wait(&headers, Duration::from_secs(60));
            assert_eq!(wait, seconds.map(Duration::from_secs), "{value}");
        }
    }
}
