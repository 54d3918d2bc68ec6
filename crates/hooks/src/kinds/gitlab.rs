//! GitLab's container registry, which is Distribution and tells the same of the whole instance.

use super::distribution;
use crate::kind::{Address, Facts, Origin};
use crate::proof::Proof;

pub(super) const FACTS: Facts = Facts {
    name: "gitlab",
    title: "GitLab container registry",
    origin: Origin::Delivery,
    proofs: &[Proof::Authorization],
    read: distribution::read,
    settings,
};

fn settings(address: &Address<'_>) -> Vec<String> {
    vec![
        "In /etc/gitlab/gitlab.rb, then gitlab-ctl reconfigure:".to_owned(),
        "registry['notifications'] = [{".to_owned(),
        "  'name' => 'scanyard',".to_owned(),
        format!("  'url' => '{}',", address.url),
        "  'timeout' => '2s', 'threshold' => 5, 'backoff' => '5s',".to_owned(),
        format!(
            "  'headers' => {{ 'Authorization' => ['Bearer {}'] }}",
            address.secret
        ),
        "}]".to_owned(),
    ]
}

#[cfg(test)]
mod tests {
    use crate::testing::read;

    #[test]
    fn it_tells_what_distribution_tells() {
        let body = include_str!("../../fixtures/gitlab.json");
        assert_eq!(
            read("gitlab", &[], body),
            "Push 7c1b registry.gitlab.example.com/group/project/app:main@aaaa 2024-03-09T14:44:26Z"
        );
    }
}
