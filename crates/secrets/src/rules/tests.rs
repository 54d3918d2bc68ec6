//! An example of each rule, and something that only looks like one.
//!
//! The literals are broken up, so that this file itself holds nothing that a scanner would report.
//! None of the values was ever issued.

use std::collections::BTreeSet;

use super::RULES;
use crate::{Detector, Secret};

struct Example {
    rule: &'static str,
    path: &'static str,
    real: &'static str,
    not: &'static str,
}

const EXAMPLES: &[Example] = &[
    Example {
        rule: "aws-access-key-id",
        path: "app/a.txt",
        real: concat!("id = AK", "IAEUVW75EFR6EDT4SY"),
        not: concat!("id = AK", "IAIOSFODNN7EXAMPLE"),
    },
    Example {
        rule: "github-token",
        path: "app/a.txt",
        real: concat!("export T=gh", "p_4Qwb8DwkNhFdnXsiVpzz63FfkCzJr43T8w1J"),
        not: concat!("export T=gh", "p_4Qwb8DwkNhFdnXsiVpzz63FfkCzJr43T8w1a"),
    },
    Example {
        rule: "github-fine-grained-token",
        path: "app/a.txt",
        real: concat!(
            "gi",
            "thub_pat_i0B3JrTAwR4y9ojfljoQoa_F1LlqsajAIxNKu8iS2G8NPRVdD53X83RZJzzzzgEOzdmenCkhvMdgaKjIg8"
        ),
        not: concat!(
            "gi",
            "thub_pat_xxxxxxxxxxxxxxxxxxxxxx_xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"
        ),
    },
    Example {
        rule: "gitlab-token",
        path: "app/a.txt",
        real: concat!("token: gl", "pat-UdjAWtGSU8po_799Nksn"),
        not: concat!("token: gl", "pat-xxxxxxxxxxxxxxxxxxxx"),
    },
    Example {
        rule: "slack-token",
        path: "app/a.txt",
        real: concat!(
            "xo",
            "xb-658391496391-952596364999-vOoNZYW2mZp0zVZomHFwUbbY"
        ),
        not: concat!("xo", "xb-your-token-goes-here"),
    },
    Example {
        rule: "slack-app-token",
        path: "app/a.txt",
        real: concat!(
            "xa",
            "pp-1-AR4QMW2WXFO-2484648186227-6f5da2cec255404e4fb440034d6608697a8d41bed440e50454f31af3176813e0"
        ),
        not: concat!(
            "xa",
            "pp-1-xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"
        ),
    },
    Example {
        rule: "stripe-key",
        path: "app/a.txt",
        real: concat!("sk", "_live_W56eCuNGMGmSrCGIZEG8pSH4"),
        not: concat!("sk", "_live_xxxxxxxxxxxxxxxxxxxxxxxx"),
    },
    Example {
        rule: "npm-token",
        path: "app/a.txt",
        real: concat!(
            "//r/:_a",
            "uthToken=np",
            "m_487q7J58m1CiAhzCueQpBenQtYh5Xj8TPQxj"
        ),
        not: concat!("np", "m_config_registry_and_more_words_here"),
    },
    Example {
        rule: "pypi-token",
        path: "app/a.txt",
        real: concat!(
            "py",
            "pi-AgEIcHlwaS5vcmcGr7CmY_uCu3ZR1zTOlUcR64cXQLioDnkHIfxIq2HZt-PlJhx2jIclHkCiHp6bR1IqfEouHgxzNNAL5wI"
        ),
        not: concat!("py", "pi-AgEIcHlwaS5vcmc"),
    },
    Example {
        rule: "rubygems-key",
        path: "app/a.txt",
        real: concat!(
            "ru",
            "bygems_b081006f7e3dfc967a64cb14028d512c9791e558e08baa71"
        ),
        not: concat!(
            "ru",
            "bygems_000000000000000000000000000000000000000000000000"
        ),
    },
    Example {
        rule: "docker-hub-token",
        path: "app/a.txt",
        real: concat!("dc", "kr_pat_NBTxaQWk8JzFalHlsZfYcMMDktX"),
        not: concat!("dc", "kr_pat_xxxxxxxxxxxxxxxxxxxxxxxxxxx"),
    },
    Example {
        rule: "google-api-key",
        path: "app/a.txt",
        real: concat!("AI", "zaWuUFjsUNPjc01T5GOBUSZGi6HWGK10Zb0RL"),
        not: concat!("AI", "zaZ5TR9SPofbciOx9gy1CJdObOIRpFqaDZeV"),
    },
    Example {
        rule: "google-oauth-secret",
        path: "app/a.txt",
        real: concat!("GO", "CSPX-7G5IfQHeVVEqZe2qpUWnoVPDF2ye"),
        not: concat!("GO", "CSPX-xxxxxxxxxxxxxxxxxxxxxxxxxxxx"),
    },
    Example {
        rule: "google-oauth-token",
        path: "app/a.txt",
        real: concat!(
            "ya",
            "29.E6RsXcNOPmeMjvqPVStNKiaEdFrRgSnRFsTHsDDDXh5Jmtf7EbsDe0G9Cryn"
        ),
        not: concat!(
            "ya",
            "29.xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"
        ),
    },
    Example {
        rule: "vault-token",
        path: "app/a.txt",
        real: concat!("VAULT_TOKEN=hv", "s.687neLfjVHq8xiM0OGr4hTxo"),
        not: "hvs.example",
    },
    Example {
        rule: "digitalocean-token",
        path: "app/a.txt",
        real: concat!(
            "do",
            "p_v1_ffc050fec94dbca3a0aac36098b2cc2bd818319478da6bd0c621de49f145fda9"
        ),
        not: concat!(
            "do",
            "p_v1_0000000000000000000000000000000000000000000000000000000000000000"
        ),
    },
    Example {
        rule: "shopify-token",
        path: "app/a.txt",
        real: concat!("sh", "pat_988c79fc35526f7eaed46725a2a7b860"),
        not: concat!("sh", "pat_aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"),
    },
    Example {
        rule: "anthropic-key",
        path: "app/a.txt",
        real: concat!(
            "sk",
            "-ant-api03-V3AyAVHnyrvWdFrK9xiRGHOY32nfr5pyzPCB9t2039bicBTW5ZE9LFaez7770H2DCpYgojjHRg80USP2W5DfJXcaYioK6AA"
        ),
        not: concat!(
            "sk",
            "-ant-api03-xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"
        ),
    },
    Example {
        rule: "hugging-face-token",
        path: "app/a.txt",
        real: concat!("hf", "_cPTtiOqHOBSWhgetHLmyqoYMaaItDruPpE"),
        not: concat!("hf", "_transformersmodelcachedirectorypath"),
    },
    Example {
        rule: "databricks-token",
        path: "app/a.txt",
        real: concat!("da", "pi770d9106fd287db7f1adbc60926f6967"),
        not: concat!("da", "pi00000000000000000000000000000000"),
    },
    Example {
        rule: "new-relic-key",
        path: "app/a.txt",
        real: concat!("NR", "AK-3OQSG5LO50DJZDNBJ0DDLZ2UHFK"),
        not: concat!("NR", "AK-XXXXXXXXXXXXXXXXXXXXXXXXXXX"),
    },
    Example {
        rule: "grafana-token",
        path: "app/a.txt",
        real: concat!("gl", "sa_vmlP7HVDctQUy1xvCkgafrfwA94hJ9Wn_cb9d21f6"),
        not: concat!("gl", "sa_xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx_00000000"),
    },
    Example {
        rule: "linear-key",
        path: "app/a.txt",
        real: concat!("li", "n_api_xI6CmuxV5EbOApZOXzcycDeZ6dqmVe5Mvxrv99Nc"),
        not: concat!("li", "n_api_xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"),
    },
    Example {
        rule: "postman-key",
        path: "app/a.txt",
        real: concat!(
            "PM",
            "AK-8a8902073fec8df4f50947aa-eb26c57d21fa5d328263dfe574de739988"
        ),
        not: concat!(
            "PM",
            "AK-xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"
        ),
    },
    Example {
        rule: "doppler-token",
        path: "app/a.txt",
        real: concat!("dp", ".pt.xqVqmCplppjs46LmuezqpGHoPZgPDcgaE40o1C6xc4s"),
        not: concat!("dp", ".pt.xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"),
    },
    Example {
        rule: "pulumi-token",
        path: "app/a.txt",
        real: concat!("pu", "l-731662b5e803b61ba4168160adb59261ff2d3c42"),
        not: concat!("pu", "l-0000000000000000000000000000000000000000"),
    },
    Example {
        rule: "planetscale-password",
        path: "app/a.txt",
        real: concat!("ps", "cale_pw_uYI0KN1gNT11cUzYZAa3u2olZU6uqbgsYlVvsSKuvin"),
        not: concat!("ps", "cale_pw_xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"),
    },
    Example {
        rule: "age-key",
        path: "app/a.txt",
        real: concat!(
            "AG",
            "E-SECRET-KEY-1CLVNGZ75RC92WEV7TDZE2CK8F0VZZ58CAN6N0MCHUUTPQLA0UAT7EXYGKM"
        ),
        not: concat!(
            "AG",
            "E-SECRET-KEY-1QQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQ"
        ),
    },
    Example {
        rule: "atlassian-token",
        path: "app/a.txt",
        real: concat!(
            "AT",
            "ATT3xFfGF0xfZCGGQccOif7UuXUGfdWG5yP8Yib2eNUS0hmi4Fs9Z6YkRYU7oe1wNWqku5Nr50DjqG96EnLqNGpuxcmlzkO7rRu5ykYYqhXHdO2x93CJHLS45gqIO2zVZxqyxKjxvWfColNV9ds0HqtO93L7Q5uUaVcojsNOBAGx5diFoNPcbdaKwtgHwI"
        ),
        not: concat!(
            "AT",
            "ATT3xFfGF0xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"
        ),
    },
    Example {
        rule: "artifactory-key",
        path: "app/a.txt",
        real: concat!(
            "AK",
            "Cp8oALtLinxN1Ekia7ZpTjCgeOj3QYrzZq9adP0J5wMPLCM7HUFpk5acdIbzlpkd6XgaNJQ"
        ),
        not: concat!(
            "AK",
            "Cp8xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"
        ),
    },
    Example {
        rule: "sentry-token",
        path: "app/a.txt",
        real: concat!(
            "sn",
            "tryu_64d6d59291f0cde2e5738713a818d8962058765a6ca7cff00d796c25410335b4"
        ),
        not: concat!(
            "sn",
            "tryu_0000000000000000000000000000000000000000000000000000000000000000"
        ),
    },
    Example {
        rule: "supabase-token",
        path: "app/a.txt",
        real: concat!("sb", "p_00141212b62c376631129f34369aad80b891baf9"),
        not: concat!("sb", "p_0000000000000000000000000000000000000000"),
    },
    Example {
        rule: "notion-token",
        path: "app/a.txt",
        real: concat!("nt", "n_NVbYAbBHXgwETdIKnT30fK0skBaHmsWWdawFgFSY0l9FLw"),
        not: concat!("nt", "n_xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"),
    },
    Example {
        rule: "figma-token",
        path: "app/a.txt",
        real: concat!("fi", "gd_91GqK8ks0n8SoFkh8OXfFYSJYgOuwgz7z54VfB4P"),
        not: concat!("fi", "gd_xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"),
    },
    Example {
        rule: "buildkite-token",
        path: "app/a.txt",
        real: concat!("bk", "ua_0b698d5c7e41ba4ea5ee874ae7689447ab57a683"),
        not: concat!("bk", "ua_0000000000000000000000000000000000000000"),
    },
    Example {
        rule: "circleci-token",
        path: "app/a.txt",
        real: concat!(
            "CC",
            "IPAT_k9QgmyjjYtUtBrmgO6grn4_ce10cd79e048c07dd7753eda83d7c58dfe0d5a0c"
        ),
        not: concat!(
            "CC",
            "IPAT_xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"
        ),
    },
    Example {
        rule: "square-token",
        path: "app/a.txt",
        real: concat!("sq", "0atp-1F6gcqInkTY88mHwg2KDIn"),
        not: concat!("sq", "0atp-xxxxxxxxxxxxxxxxxxxxxx"),
    },
    Example {
        rule: "alibaba-access-key-id",
        path: "app/a.txt",
        real: concat!("LT", "AITEGbOY1xHvAV8DnRlzGW"),
        not: concat!("LT", "AIxxxxxxxxxxxxxxxxxxxx"),
    },
    Example {
        rule: "onepassword-token",
        path: "app/a.txt",
        real: concat!(
            "op",
            "s_ey",
            "J7hUNwOdqryzdaeA6AOSRwLqgotVz89HoZ9zDnki7XeZZOmEPJUo09jwQO10Y0ADsWJPiX1EwY2orTyRqBRlEaZUZrwpPtuEFBNOfQ5xj7t2ydf0K5uY8iH1wOLaQan8ePsqMgLj2olXCwYjn5zYIkN5SMYfQ55JYO1tmFSnHfV1CQ4hJhqAo0iEFJdED5jSFpFkIM3Vak1uDSKFQs1DxBA9RelOxOPbbNcRV7vZgGEFW5jcnTAOivg3QxvEXHJX6nsBvBqJd0ssw0FzvGr3GwnPFYhvmuTtiLOfYczUJ4zIKdztgacm06EMXQdYG6INyNjORSSM4RfncQODOWlgQl3cAXg67Pax30iYtJTq3tlAcubBKPL76dFKHc0hXZAKS6zCeaRyML8QjEXAJ"
        ),
        not: concat!(
            "op",
            "s_ey",
            "Jxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"
        ),
    },
    Example {
        rule: "aws-secret-access-key",
        path: "app/a.txt",
        real: concat!(
            "aws_se",
            "cret_access_key = nk8Btb2abplBpq8cJF5xgUskL/6GgebhbkXNNv+h"
        ),
        not: concat!(
            "aws_se",
            "cret_access_key = wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"
        ),
    },
    Example {
        rule: "slack-webhook",
        path: "app/a.txt",
        real: concat!(
            "https://ho",
            "oks.slack.com/services/TUX24KJHX/BK04Y2RVS/rdNPTZ0Mv3MUa1jM1tLB4pyy"
        ),
        not: concat!(
            "https://ho",
            "oks.slack.com/services/T00000000/B00000000/XXXXXXXXXXXXXXXXXXXXXXXX"
        ),
    },
    Example {
        rule: "discord-webhook",
        path: "app/a.txt",
        real: concat!(
            "https://di",
            "scord.com/api/webhooks/748516557315335986/k_WzDNhY7AGbX6lTiDYHP9zyBylxLUTZtFf-VnV7ktOdSJcmeA_BHJ2m5qGeRzxWkdge"
        ),
        not: concat!(
            "https://di",
            "scord.com/api/webhooks/968827225642973836/xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"
        ),
    },
    Example {
        rule: "npm-registry-auth",
        path: "root/.npmrc",
        real: concat!(
            "//r.internal/:_a",
            "uthToken=77518b1018f134a069e3fab8c3bfc5e740e6"
        ),
        not: "//r.internal/:_authToken=${NPM_TOKEN}",
    },
    Example {
        rule: "azure-storage-key",
        path: "app/a.txt",
        real: concat!(
            "Ac",
            "countKey=euCjVr5mXcj5RPD9oUsQChx5s4tI10FtdILQvH+nO69othB9KpGzU3HEEmXL1uhLsc4Rr4aKxU3f0BJxrxDwzk==;"
        ),
        not: concat!("Ac", "countKey=l/JwAryNzbi0hSQK/lb09rIFxUeuVaT5jpTFPWhL;"),
    },
    Example {
        rule: "azure-shared-access-key",
        path: "app/a.txt",
        real: concat!(
            "SharedAc",
            "cessKey=n/5drcFlCxvnNGdcmyHc7E4nSmwfIp7/JoppZrDDs7Y="
        ),
        not: concat!("SharedAc", "cessKey=<key>"),
    },
    Example {
        rule: "azure-client-secret",
        path: "app/a.txt",
        real: concat!("secret \"k807Q", "~b8OySAM1MHcz8dXxvzp1vTB1KZ6u0z2Jdu\""),
        not: concat!("secret \"xxx7Q", "~xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx\""),
    },
    Example {
        rule: "twilio-auth-token",
        path: "app/a.txt",
        real: concat!("TWILIO_AU", "TH_TOKEN=4b7d0b352ad6074dce1118813830d719"),
        not: concat!("TWILIO_AU", "TH_TOKEN=your_auth_token"),
    },
    Example {
        rule: "sendgrid-key",
        path: "app/a.txt",
        real: concat!(
            "SG",
            ".htwPkhdM996G5rfDLI7jCh.Gi4s6AKsrpVfVIs1DNSKoPymJTxD5JtNEE0tbpvomGI"
        ),
        not: concat!(
            "SG",
            ".xxxxxxxxxxxxxxxxxxxxxx.xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"
        ),
    },
    Example {
        rule: "openai-key",
        path: "app/a.txt",
        real: concat!(
            "sk",
            "-proj-yLza7wk38puJuFrs4nsdXbkJeM3wCQdHy1CwVWgHo9RV7jAvQwiRmNN2r0T3",
            "BlbkFJ1HgV2V7WErYOTO6TiA3gaAXJLhFz9KjA2Yr3NMhy2CSDsUwswzHJMyPuaY"
        ),
        not: concat!(
            "sk",
            "-xxxxxxxxxxxxxxxxxxxxT3",
            "BlbkFJxxxxxxxxxxxxxxxxxxxx"
        ),
    },
    Example {
        rule: "terraform-token",
        path: "app/a.txt",
        real: concat!(
            "V2FyCtlItZjBKy.at",
            "lasv1.Lof06vu1M1p9unB569abdqK5Ft6IXtINBH0HURByDwcMRwC8aReHogAxGzPJ7Kj4m9A"
        ),
        not: concat!(
            "xxxxxxxxxxxxxx.at",
            "lasv1.xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"
        ),
    },
    Example {
        rule: "telegram-bot-token",
        path: "app/a.txt",
        real: concat!("bot8786923666:A", "Ae0tGlhP5sSv07G4AOkHs0GnG5mAldOKMg"),
        not: concat!("bot123:A", "AwKOOUcSAaYatTSJa6tz1gLaQbmlFXJKr3"),
    },
    Example {
        rule: "json-web-token",
        path: "app/a.txt",
        real: concat!(
            "t=ey",
            "JhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.ey",
            "JzdWIiOiJyb2JvdCIsImF1ZCI6ImJ1aWxkIn0.sz0psundmjv_73hbPsETJveImiSy5XcgCYf4gEFCfuw"
        ),
        not: concat!(
            "t=ey",
            "JhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.ey",
            "JzdWIiOiIxMjM0NTY3ODkwIiwibmFtZSI6IkpvaG4gRG9lIn0.Oa6M1G-iFXC0NZ_cFlwvTWxaLYUoQXQZip2SFXy7KSE"
        ),
    },
    Example {
        rule: "private-key",
        path: "app/a.txt",
        real: concat!(
            "-----BEGIN RSA PR",
            "IVATE KEY-----\nPtYgjmUhBel31iEl2hpChYgCfrL1spNxnyVmihA/2O76UMFxFkM/R5Kjp1vRt+1f\n"
        ),
        not: "-----BEGIN RSA PRIVATE KEY-----\n...\n-----END RSA PRIVATE KEY-----",
    },
    Example {
        rule: "encrypted-private-key",
        path: "app/a.txt",
        real: concat!(
            "-----BEGIN ENCRYPTED PR",
            "IVATE KEY-----\nPtYgjmUhBel31iEl2hpChYgCfrL1spNxnyVmihA/2O76UMFxFkM/R5Kjp1vRt+1f"
        ),
        not: "-----BEGIN ENCRYPTED PRIVATE KEY-----\n(your key)",
    },
    Example {
        rule: "putty-private-key",
        path: "app/a.txt",
        real: "PuTTY-User-Key-File-3: ssh-ed25519\nEncryption: none\nComment: a@b\n",
        not: "PuTTY-User-Key-File-3: ssh-ed25519\nEncryption: aes256-cbc\nComment: a@b\n",
    },
    Example {
        rule: "registry-auth",
        path: "app/a.txt",
        real: "{\"auths\":{\"r.internal\":{\"auth\": \"cm9ib3Q6QmNyUWJ2WmpwVGlm\"}}}",
        not: "{\"auth\": \"required\"}",
    },
    Example {
        rule: "netrc-password",
        path: "root/.netrc",
        real: "machine git.internal\n  login robot\n  password mrI1YiJCD1YZ",
        not: "machine git.internal login robot password <password>",
    },
    Example {
        rule: "aws-credentials-file",
        path: "app/a.txt",
        real: concat!(
            "aws_se",
            "ssion_token = EuVTBZWAM8AD5qH4VFZBqplIXdsNbXlwDPyniUMyiNlCKqZKTZ7qJwdUS0d7FZTmxLoICfZfu3zMtWfNwD/G3SaoKfgFoeOASl1YCJlS24R5gA2q+yfHwuEHFhvTS0lzNrr+9EEa4rSMrsEQp2vt7ZAoLbU+AfhJMzoN5ouP47ULvjfb7+kQHn+3+yPbTlKGFkrddYsL"
        ),
        not: concat!("aws_se", "ssion_token = <token>"),
    },
    Example {
        rule: "password",
        path: "app/application.properties",
        real: "db.password=xl9OH257RkgY",
        not: "db.password=${DB_PASSWORD}",
    },
    Example {
        rule: "password-in-address",
        path: "app/a.txt",
        real: "postgres://app:U1tVNuylP0wu@db.internal:5432/app",
        not: "postgres://app:password@localhost/app",
    },
];

fn detect(path: &str, text: &str) -> Vec<Secret> {
    Detector::new().detect(path, text.as_bytes()).secrets
}

#[test]
fn every_rule_has_an_example_and_its_own_id() {
    let rules: BTreeSet<_> = RULES.iter().map(|rule| rule.id).collect();
    assert_eq!(rules.len(), RULES.len());
    let examples: BTreeSet<_> = EXAMPLES.iter().map(|example| example.rule).collect();
    assert_eq!(rules, examples);
}

#[test]
fn every_rule_finds_its_example_on_its_line_and_masks_it() {
    for example in EXAMPLES {
        let text = format!("first line\n\n{}\nlast line\n", example.real);
        let found = detect(example.path, &text);
        let found = found.iter().find(|secret| secret.rule == example.rule);
        let secret = found.unwrap_or_else(|| panic!("{} finds nothing", example.rule));
        assert!(
            (3..=6).contains(&secret.line),
            "{}: {}",
            example.rule,
            secret.line
        );
        assert!(secret.excerpt.contains("****"), "{}", example.rule);
        assert!(!example.real.contains(&secret.excerpt), "{}", example.rule);
    }
}

#[test]
fn no_rule_finds_what_only_looks_like_its_example() {
    for example in EXAMPLES {
        let found = detect(example.path, example.not);
        let wrong = found.iter().find(|secret| secret.rule == example.rule);
        assert!(wrong.is_none(), "{}: {wrong:?}", example.rule);
    }
}

#[test]
fn no_part_of_a_value_is_left_in_what_is_kept() {
    for example in EXAMPLES
        .iter()
        .filter(|example| example.rule != "putty-private-key")
    {
        let longest = example
            .real
            .split(|c: char| !c.is_ascii_alphanumeric())
            .max_by_key(|part| part.len());
        let tail = longest.map(|part| &part[part.len() / 2..]).unwrap();
        for secret in detect(example.path, example.real) {
            assert!(!format!("{secret:?}").contains(tail), "{}", example.rule);
        }
    }
}

#[test]
fn every_expression_and_the_automaton_can_be_built() {
    assert!(crate::engine::ENGINE.keywords.is_some());
    for rule in RULES {
        let is_pattern = matches!(rule.shape, crate::rule::Shape::Pattern(_));
        assert_eq!(rule.regex().is_some(), is_pattern, "{}", rule.id);
    }
}
