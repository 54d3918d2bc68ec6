//! What help shows last: commands to copy.

pub const SCAN: &str = "\
Examples:
  scanyard scan alpine:3.18
  scanyard scan --fail-on high --format sarif --output scan.sarif oci:build/image
  scanyard scan --secrets --checks --fail-on-secrets app:1.4
  scanyard scan sbom:app.cdx.json
  scanyard scan --lockfiles rootfs:src/app
  scanyard scan --policy production.yaml --waivers waivers.yaml --vex vendor.openvex.json app:1.4
  scanyard scan --platform linux/arm64 --require-complete ghcr.io/team/app:1.4";

pub const CONVERT: &str = "\
Examples:
  scanyard convert report.json --format html --output report.html
  scanyard convert report.json --output sarif=report.sarif --output spdx=report.spdx.json
  scanyard scan alpine:3.18 --format json | scanyard convert - --format markdown
  scanyard convert report.json --fail-on high --format csv --output findings.csv";

pub const POLICY_TEST: &str = "\
Examples:
  scanyard policy test production.yaml
  scanyard scan app:1.4 --format json --output app.json
  scanyard policy test production.yaml --report app.json

A policy:
  name: production
  rules:
  - name: accepted              # the first rule that holds decides a finding
    when: finding.id == \"CVE-2024-1234\" && finding.package.name == \"zlib1g\"
    action: allow
  - name: exploited
    when: finding.known_exploited || (finding.level >= HIGH && finding.fixable)
    action: fail
    message: Update before this goes anywhere.
  - name: end-of-life           # without `finding` it is about the image
    when: has(distro.end_of_life) && distro.end_of_life
    action: warn

A file of waivers:
  waivers:
  - id: zlib-2024
    vulnerability: CVE-2024-1234        # by any of its ids
    package: pkg:deb/debian/zlib1g      # or a pattern such as pkg:npm/@team/*; any without
    scope: {repositories: ['*/prod/**'], labels: {team: payments}}
    reason: MiniZip is not built in
    owner: payments@example.com
    expires: 2026-12-31";

pub const WAIVER_EXPORT: &str = "\
Example:
  scanyard waiver export waivers.yaml --author security@example.com > accepted.openvex.json";

pub const CACHE: &str = "\
Examples:
  scanyard cache info
  scanyard cache prune --cache-size 200
  scanyard cache clear";

pub const RESCAN: &str = "\
New advisories are matched by themselves, and only where they say something new; no image is pulled
for it. This shows how far that is, or asks for more than that.

Examples:
  scanyard rescan                  how far the fleet is
  scanyard rescan --full           match every package again
  scanyard rescan --recatalog      pull and read images again that an earlier version read
  scanyard rescan --cancel 12      leave rescan 12 at what changed advisories demand";

pub const DB_BUILD: &str = "\
Examples:
  scanyard db build --from osv-bucket/ --output advisories.db
  scanyard db build --from all.zip --output ~/.local/share/scanyard/db

Layout of a directory:
  <ECOSYSTEM>/all.zip                            the OSV export
  alpine/<RELEASE>/{main,community}.json         Alpine's security database
  amazon/<RELEASE>/<REPOSITORY>/updateinfo.xml.gz
  chainguard/security.json, wolfi/security.json
  debian/json                                    Debian's security tracker
  endoflife/full                                 endoflife.date, all products
  epss/epss_scores-current.csv.gz
  kev/known_exploited_vulnerabilities.json
  oracle/com.oracle.elsa-all.xml.bz2
  redhat/, suse/, ubuntu/                        VEX documents, or tar archives of them
Files may be compressed with gzip, bzip2, xz or zstd, whatever they are called.";

pub const DB_UPDATE: &str = "\
Examples:
  scanyard db update
  scanyard db update --source osv,debian,kev
  scanyard db update --mirror alpine=https://mirror.example.com/secdb
  scanyard db update --source https://mirror.example.com/osv --db /var/lib/scanyard/db

Sources, all of them unless --source names some:
  osv, alpine, amazon, chainguard, debian, endoflife, epss, kev, oracle, redhat, suse, ubuntu, wolfi

What cannot be fetched is told, and what was there of it stays in use.";

pub const DB_STATUS: &str = "\
Examples:
  scanyard db status
  scanyard db status --json --verify --db advisories.db";

pub const VERSIONS: &str = "\
Example:
  printf '1.0~rc1\\t1.0\\n' | scanyard versions deb";

pub const EXPLAIN: &str = "\
Example:
  scanyard explain 'pkg:npm/lodash@4.17.20' CVE-2021-23337";

pub const SERVE: &str = "\
Examples:
  scanyard serve
  scanyard serve --listen 0.0.0.0:8080 --data-dir /var/lib/scanyard --update-advisories";

pub const SUBMIT: &str = "\
Examples:
  scanyard submit alpine:3.18 --wait --api-key-file ~/.local/share/scanyard/service/api-key
  scanyard submit registry.example.com/team/app:1.4 --fail-on critical --format json
  scanyard submit sbom:app.cdx.json --name team/app:1.4 --wait";

pub const WHO_HAS: &str = "\
Examples:
  scanyard who-has CVE-2021-44228
  scanyard who-has log4j-core --range '>=2.0-beta9,<2.15.0'
  scanyard who-has pkg:deb/debian/openssl --range '<3.0.11-1~deb12u2' --repository 'prod/**'
  scanyard who-has CVE-2021-44228 --format csv > affected.csv
  scanyard who-has CVE-2021-44228 --as-of 2026-01-31T00:00:00Z

On the day of the next Log4Shell there is no advisory yet: ask for the package and the versions. The
answer comes from what is in the images, and needs no scan.";

pub const IMAGES: &str = "\
Examples:
  scanyard images --repository 'registry.example.com/prod/**' --min-severity critical --fixable
  scanyard images --known-exploited --format csv
  scanyard images --label team=payments --last-seen-before 2026-01-01T00:00:00Z";

pub const PACKAGES: &str = "\
Examples:
  scanyard packages log4j
  scanyard packages ssl --limit 10 --json";

pub const FLEET_SUMMARY: &str = "\
Examples:
  scanyard fleet summary
  scanyard fleet summary --repository 'prod/**' --as-of 2026-01-31T00:00:00Z";

pub const FLEET_TOP: &str = "\
Examples:
  scanyard fleet top --min-severity high --fixable
  scanyard fleet top --known-exploited --repository 'prod/**'";

pub const FLEET_WORST: &str = "\
Examples:
  scanyard fleet worst --limit 10
  scanyard fleet worst --repository 'prod/**' --format csv";

pub const FLEET_CHANGES: &str = "\
Example:
  scanyard fleet changes 2026-01-31T00:00:00Z --repository 'prod/**'";

pub const FIX_PLAN: &str = "\
Examples:
  scanyard fleet fix-plan
  scanyard fleet fix-plan --repository 'prod/**' --min-severity high --limit 5

Each step is the upgrade that removes most of what the steps before have left.";

pub const COMPARE: &str = "\
Examples:
  scanyard compare sha256:... sha256:...
  scanyard compare sha256:... --as-of 2026-01-31T00:00:00Z";

pub const DEMO: &str = "\
Examples:
  scanyard demo
  scanyard demo --keep-running";

pub const COMPLETION: &str = "\
Example:
  scanyard completion bash > /etc/bash_completion.d/scanyard";

pub const EVENTS: &str = "\
Examples:
  scanyard events --since 2026-05-01T00:00:00Z --min-severity high --fixable
  scanyard events --follow --known-exploited --json
  scanyard events --vulnerability CVE-2024-3094";

pub const SUBSCRIPTIONS_ADD: &str = "\
Examples:
  scanyard subscriptions add --name siem --url https://siem.example.com/scanyard
  scanyard subscriptions add --name team --form slack --url-file slack-url --min-severity high \\
      --kind new,changed --repository 'registry.example.com/shop/*'

A CloudEvent is signed: HMAC-SHA256, with the secret that is printed once, of the headers webhook-id
and webhook-timestamp and the body, with dots between; in base64 in webhook-signature, after v1,.";

pub const REGISTRY_ADD: &str = "\
Examples:
  scanyard registry add registry.example.com --username robot < password.txt
  scanyard registry add harbor.example.com --authority ca.pem --repository 'prod/**'
  scanyard registry add 10.0.0.7:5000 --plain-http --private
  scanyard registry add docker.io --mirror mirror.example.com
  scanyard registry import ~/.docker/config.json";

pub const HOOK_ADD: &str = "\
Examples:
  scanyard hook add harbor --registry harbor.example.com --public-url https://scanyard.example.com
  scanyard hook add distribution --repository 'shop/**'
  scanyard hook add ghcr --name acme --json

It prints the address and the secret to set up at the registry. The secret is not shown again: to
change it, add another hook and remove this one.";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn help_names_every_source() {
        for (name, _) in scanyard_advisory::feeds() {
            assert!(DB_BUILD.contains(&format!("{name}/")), "{name}");
            let listed = DB_UPDATE.split([',', '\n', ' ']).any(|word| word == name);
            assert!(listed, "{name}");
        }
    }
}
