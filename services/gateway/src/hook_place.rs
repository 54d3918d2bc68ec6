//! Which image an event is about, as it is pulled here.

use scanyard_hooks::{Event, Target};
use scanyard_oci::{Reference, RegistryHost};
use scanyard_store::matches_name;

/// What a hook says about where its images are.
#[derive(Debug, Default)]
pub struct Scope {
    /// The host under which images are pulled; `None` for the one that deliveries name.
    pub registry: Option<String>,
    /// Patterns of repositories, without the registry; empty for all.
    pub repositories: Vec<String>,
}

impl Scope {
    /// The image of an event; `None` where it lies elsewhere, or its name is none.
    pub fn place(&self, event: &Event) -> Option<Reference> {
        let patterns = &self.repositories;
        let described = |pattern: &String| matches_name(pattern, &event.repository);
        if !patterns.is_empty() && !patterns.iter().any(described) {
            return None;
        }
        let registry = self.registry.as_deref().or(event.registry.as_deref())?;
        let registry: RegistryHost = registry.parse().ok()?;
        let name = format!("{registry}/{}", event.repository);
        let text = match &event.target {
            Target::Tag {
                name: tag,
                digest: None,
            } => format!("{name}:{tag}"),
            Target::Tag {
                name: tag,
                digest: Some(digest),
            } => format!("{name}:{tag}@{digest}"),
            Target::Manifest(digest) => format!("{name}@{digest}"),
        };
        let reference: Reference = text.parse().ok()?;
        // A repository must not bring a tag or a digest of its own.
        reference
            .repository()
            .ends_with(&event.repository)
            .then_some(reference)
    }
}

#[cfg(test)]
mod tests {
    use scanyard_hooks::Action;

    use super::*;

    fn event(registry: Option<&str>, repository: &str, tag: &str) -> Event {
        Event {
            id: None,
            action: Action::Push,
            registry: registry.map(str::to_owned),
            repository: repository.to_owned(),
            target: Target::Tag {
                name: tag.to_owned(),
                digest: None,
            },
            media_type: None,
            at: None,
        }
    }

    fn place(scope: &Scope, event: &Event) -> Option<String> {
        scope.place(event).map(|reference| reference.to_string())
    }

    #[test]
    fn a_hook_knows_better_where_images_are_pulled() {
        let internal = event(Some("registry:5000"), "shop/cart", "1");
        let scope = Scope {
            registry: Some("registry.example.com".to_owned()),
            ..Scope::default()
        };
        assert_eq!(
            place(&scope, &internal).as_deref(),
            Some("registry.example.com/shop/cart:1")
        );
        assert_eq!(
            place(&Scope::default(), &internal).as_deref(),
            Some("registry:5000/shop/cart:1")
        );
        let hub = event(Some("docker.io"), "alpine", "3");
        assert_eq!(
            place(&Scope::default(), &hub).as_deref(),
            Some("docker.io/library/alpine:3")
        );
    }

    #[test]
    fn what_is_no_name_or_lies_elsewhere_has_no_place() {
        let scope = Scope {
            registry: None,
            repositories: vec!["shop/*".to_owned()],
        };
        assert!(place(&scope, &event(Some("r.test"), "shop/cart", "1")).is_some());
        for other in [
            event(Some("r.test"), "other/cart", "1"),
            event(Some("r.test"), "shop/cart", "a b"),
            event(Some("r.test"), "shop/cart:2@x", "1"),
            event(Some("r.test"), "shop/../x", "1"),
            event(Some("not a host"), "shop/cart", "1"),
            event(Some("r"), "shop/cart", "1"),
            event(None, "shop/cart", "1"),
        ] {
            assert_eq!(place(&scope, &other), None, "{other:?}");
        }
    }
}
