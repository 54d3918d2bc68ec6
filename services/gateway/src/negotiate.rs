//! Chooses the form of a report by `Accept`.

use scanyard_report::Format;

/// What is given to whoever takes anything, first: JSON, then the others in the order of their list.
fn by_preference() -> impl Iterator<Item = Format> {
    let others = Format::ALL
        .into_iter()
        .filter(|format| *format != Format::Json);
    [Format::Json].into_iter().chain(others)
}

/// The form that the client likes best; `None` when it takes none of ours.
pub fn choose_format(accept: Option<&str>) -> Option<Format> {
    let Some(accept) = accept else {
        return by_preference().next();
    };
    let mut best = None;
    for format in by_preference() {
        let quality = quality(accept, format);
        if quality > best.map_or(0.0, |(quality, _)| quality) {
            best = Some((quality, format));
        }
    }
    best.map(|(_, format)| format)
}

/// How much the client likes a form: the quality of the most specific range that it is in.
fn quality(accept: &str, format: Format) -> f32 {
    let mut best = (0, 0.0);
    for range in accept.split(',') {
        let (name, parameters) = range.split_once(';').unwrap_or((range, ""));
        let specific = specificity(name.trim(), parameters, format);
        if specific > best.0 {
            best = (specific, range_quality(parameters));
        }
    }
    best.1
}

/// 4 for the media type itself in its version, 3 without a version, 2 for `type/*`, 1 for `*/*`, 0 for
/// another.
fn specificity(range: &str, parameters: &str, format: Format) -> u8 {
    let (essence, own) = format
        .media_type()
        .split_once(';')
        .unwrap_or((format.media_type(), ""));
    let family = essence.split('/').next().unwrap_or(essence);
    match range.split_once('/') {
        _ if range.eq_ignore_ascii_case(essence) => {
            match (parameter(parameters, "version"), parameter(own, "version")) {
                (Some(wanted), Some(own)) if wanted != own => 0,
                (Some(_), Some(_)) => 4,
                _ => 3,
            }
        }
        Some((of, "*")) if of.eq_ignore_ascii_case(family) => 2,
        Some(("*", "*")) => 1,
        _ => 0,
    }
}

fn parameter<'a>(parameters: &'a str, name: &str) -> Option<&'a str> {
    let pairs = parameters
        .split(';')
        .filter_map(|pair| pair.split_once('='));
    let mut named = pairs.filter(|(key, _)| key.trim().eq_ignore_ascii_case(name));
    named
        .next()
        .map(|(_, value)| value.trim().trim_matches('"'))
}

fn range_quality(parameters: &str) -> f32 {
    parameter(parameters, "q").map_or(1.0, |value| value.parse().unwrap_or(0.0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_client_gets_what_it_likes_best() {
        let cases = [
            (None, Some(Format::Json)),
            (Some("*/*"), Some(Format::Json)),
            (Some("text/plain"), Some(Format::Table)),
            (Some("text/*, application/json;q=0.5"), Some(Format::Table)),
            (Some("application/sarif+json"), Some(Format::Sarif)),
            (
                Some("application/vnd.cyclonedx+json; version=1.6"),
                Some(Format::Cyclonedx),
            ),
            (
                Some("application/vnd.cyclonedx+json; version=1.7"),
                Some(Format::Cyclonedx17),
            ),
            (
                Some("application/vnd.cyclonedx+json"),
                Some(Format::Cyclonedx),
            ),
            (Some("application/vnd.cyclonedx+json; version=1.2"), None),
            (Some("application/json;q=0, */*;q=0.1"), Some(Format::Table)),
            (Some("text/html"), Some(Format::Html)),
            (Some("image/png"), None),
            (Some("text/plain;q=0"), None),
            (Some(""), None),
        ];
        for (accept, format) in cases {
            assert_eq!(choose_format(accept), format, "{accept:?}");
        }
    }
}
