//! Advisories that change: records in the OSV schema, edited at random but the same for a seed.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use scanyard_advisory::Database;
use scanyard_loadtest::fleet::Random;
use serde_json::{Value, json};

/// Ecosystems, with the form of their versions and how many packages advisories name.
const ECOSYSTEMS: [(&str, &str, usize); 6] = [
    ("Debian:12", "-1", 30),
    ("Alpine:v3.18", "-r1", 20),
    ("npm", "", 25),
    ("PyPI", "", 20),
    ("Go", "", 8),
    ("Maven", "", 8),
];
const SEVERITIES: [&str; 3] = [
    "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H",
    "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:N/I:N/A:H",
    "CVSS:3.1/AV:L/AC:H/PR:L/UI:R/S:U/C:L/I:N/A:N",
];

/// Records by their ids.
pub struct Records {
    records: BTreeMap<String, Value>,
    random: Random,
    edits: u64,
}

impl Records {
    /// Some about packages of every ecosystem.
    pub fn new(seed: u64) -> Self {
        let mut records = Self {
            records: BTreeMap::new(),
            random: Random::new(seed, 7),
            edits: 0,
        };
        for _ in 0..300 {
            records.add();
        }
        records
    }

    /// Changes some records in every way in which publishers change them.
    pub fn edit(&mut self) {
        for _ in 0..10 {
            self.add();
            self.change(Self::move_fix);
            self.change(Self::rate);
            self.change(|_, record| record["withdrawn"] = json!("2024-06-01T00:00:00Z"));
            self.change(|_, record| {
                let object = record.as_object_mut().unwrap();
                object.remove("withdrawn");
            });
        }
        // What nobody would notice changes nothing.
        self.change(|_, record| record["modified"] = json!("2024-07-01T00:00:00Z"));
        if let Some(id) = self.any_id() {
            self.records.remove(&id);
        }
    }

    /// Compiles what the records say now.
    pub fn compile(&self, directory: &Path) -> Database {
        let (from, output) = (directory.join("records"), directory.join("advisories"));
        let _ = fs::remove_dir_all(&from);
        fs::create_dir_all(&from).unwrap();
        fs::create_dir_all(&output).unwrap();
        for (id, record) in &self.records {
            fs::write(from.join(format!("{id}.json")), record.to_string()).unwrap();
        }
        scanyard_advisory::build(&from, &output).unwrap();
        Database::open(&output).unwrap()
    }

    fn add(&mut self) {
        let number = self.edits;
        self.edits += 1;
        let (ecosystem, suffix, names) = *self.random.pick(&ECOSYSTEMS).unwrap();
        let name = name(ecosystem, self.random.below(names));
        let fixed = self.random.chance(0.8);
        let mut events = vec![json!({"introduced": "0"})];
        if fixed {
            let version = format!("{}.{}.1{suffix}", 1, self.random.below(9));
            events.push(json!({"fixed": version}));
        }
        let prefix = match ecosystem.split(':').next().unwrap() {
            "Debian" => "DEBIAN-CVE",
            "Alpine" => "ALPINE-CVE",
            _ => "GHSA",
        };
        // Several publishers speak of one flaw, and one of several packages.
        let cve = format!("CVE-2024-{}", 1000 + number / 2);
        let id = format!("{prefix}-2024-{}", 1000 + number);
        let names = match prefix {
            "GHSA" => json!({"aliases": [cve]}),
            _ => json!({"upstream": [cve]}),
        };
        let mut record = json!({
            "schema_version": "1.6.0", "id": id,
            "modified": "2024-05-01T00:00:00Z", "published": "2024-05-01T00:00:00Z",
            "severity": [{"type": "CVSS_V3", "score": self.random.pick(&SEVERITIES).unwrap()}],
            "affected": [{
                "package": {"ecosystem": ecosystem, "name": name},
                "ranges": [{"type": "ECOSYSTEM", "events": events}],
            }],
        });
        let object = record.as_object_mut().unwrap();
        object.extend(names.as_object().unwrap().clone());
        self.records.insert(id, record);
    }

    /// A range becomes wider, narrower, or gets its first fix.
    fn move_fix(random: &mut Random, record: &mut Value) {
        let affected = &mut record["affected"][0];
        let ecosystem = affected["package"]["ecosystem"].as_str().unwrap();
        let known = ECOSYSTEMS.iter().find(|(name, ..)| *name == ecosystem);
        let suffix = known.unwrap().1;
        let fixed = format!("1.{}.1{suffix}", random.below(12));
        affected["ranges"][0]["events"] = json!([{"introduced": "0"}, {"fixed": fixed}]);
    }

    fn rate(random: &mut Random, record: &mut Value) {
        record["severity"][0]["score"] = json!(random.pick(&SEVERITIES).unwrap());
    }

    fn change(&mut self, change: impl Fn(&mut Random, &mut Value)) {
        if let Some(id) = self.any_id() {
            let record = self.records.get_mut(&id).unwrap();
            change(&mut self.random, record);
        }
    }

    fn any_id(&mut self) -> Option<String> {
        let ids: Vec<&String> = self.records.keys().collect();
        self.random.pick(&ids).map(|id| (*id).clone())
    }
}

fn name(ecosystem: &str, number: usize) -> String {
    match ecosystem {
        "Go" => format!("github.com/acme/module{number}"),
        "Maven" => format!("com.acme:artifact{number}"),
        _ => format!("pack{number}"),
    }
}

#[test]
fn edits_are_the_same_for_a_seed_and_make_another_revision() {
    let directory = tempfile::tempdir().unwrap();
    let (mut one, mut two) = (Records::new(1), Records::new(1));
    let before = one.compile(directory.path()).info().revision;
    one.edit();
    two.edit();
    assert_eq!(one.records, two.records);
    assert_ne!(one.compile(directory.path()).info().revision, before);
}
