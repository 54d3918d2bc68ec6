//! Labels that may be shown.

use std::collections::BTreeMap;

use scanyard_oci::ImageConfig;
use scanyard_secrets::{Detector, IMAGE_CONFIG};

/// What stands in the place of a value that gives a secret away.
const MASKED: &str = "****";

/// An image's labels, with the whole value masked of each that holds a credential: labels are kept,
/// searched and shown to whoever may see the image.
pub fn showable_labels(config: &ImageConfig) -> BTreeMap<String, String> {
    let mut detector = Detector::new();
    let labels = config.labels.iter();
    labels
        .map(|(name, value)| {
            let text = format!("{name}={value}");
            let detected = detector.detect(IMAGE_CONFIG, text.as_bytes());
            let shown = match detected.secrets.is_empty() && detected.skipped.is_none() {
                true => value.clone(),
                false => MASKED.to_owned(),
            };
            (name.clone(), shown)
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_label_that_holds_a_credential_is_masked_and_others_are_not() {
        let key = concat!("AKIA", "Q3EGRZTVCX2LNW5D");
        let mut config = ImageConfig::default();
        config.labels.insert("build".into(), format!("key {key}"));
        config.labels.insert("team".into(), "payments".into());
        let shown = showable_labels(&config);
        assert_eq!(shown["build"], MASKED);
        assert_eq!(shown["team"], "payments");
    }
}
