//! Chooses the form of a report by `Accept`.

use scanyard_report::Format;

/// What is given to whoever takes anything, first.
const BY_PREFERENCE: [Format; 4] = [
    Format::Json,
    Format::Cyclonedx,
    Format::Sarif,
    Format::Table,
];

/// The form that the client likes best; `None` when it takes none of ours.
pub fn choose_format(accept: Option<&str>) -> Option<Format> {
    let Some(accept) = accept else {
        return Some(BY_PREFERENCE[0]);
    };
    let rated = BY_PREFERENCE.map(|format| (quality(accept, format), format));
    let mut best = None;
    for (quality, format) in rated {
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
        let specific = specificity(name.trim(), format);
        if specific > best.0 {
            best = (specific, range_quality(parameters));
        }
    }
    best.1
}

/// 3 for the media type itself, 2 for `type/*`, 1 for `*/*`, 0 for another.
fn specificity(range: &str, format: Format) -> u8 {
    let media_type = format.media_type();
    let essence = media_type.split(';').next().unwrap_or(media_type);
    let family = essence.split('/').next().unwrap_or(essence);
    match range.split_once('/') {
        _ if range.eq_ignore_ascii_case(essence) => 3,
        Some((of, "*")) if of.eq_ignore_ascii_case(family) => 2,
        Some(("*", "*")) => 1,
        _ => 0,
    }
}

fn range_quality(parameters: &str) -> f32 {
    parameters
        .split(';')
        .filter_map(|parameter| parameter.split_once('='))
        .find(|(name, _)| name.trim().eq_ignore_ascii_case("q"))
        .map_or(1.0, |(_, value)| value.trim().parse().unwrap_or(0.0))
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
                Some("application/json;q=0, */*;q=0.1"),
                Some(Format::Cyclonedx),
            ),
            (Some("image/png"), None),
            (Some("text/plain;q=0"), None),
            (Some(""), None),
        ];
        for (accept, format) in cases {
            assert_eq!(choose_format(accept), format, "{accept:?}");
        }
    }
}
