//! What is called how on the servers.

use scanyard_protocol::{Lane, Stage};

use super::settings::Prefix;

/// Names of streams, subjects and consumers under one prefix.
#[derive(Debug, Clone)]
pub(super) struct Names(Prefix);

impl Names {
    pub(super) fn new(prefix: Prefix) -> Self {
        Self(prefix)
    }

    /// The work-queue stream.
    pub(super) fn jobs_stream(&self) -> String {
        format!("{}_JOBS", self.upper())
    }

    /// The stream of what was given up.
    pub(super) fn dead_letters_stream(&self) -> String {
        format!("{}_DEAD_LETTERS", self.upper())
    }

    /// The object store's bucket.
    pub(super) fn advisories_bucket(&self) -> String {
        format!("{}_ADVISORIES", self.upper())
    }

    pub(super) fn job_subject(&self, stage: Stage, lane: Lane) -> String {
        format!("{}.jobs.{}.{lane}", self.0.as_str(), stage.name())
    }

    pub(super) fn job_subjects(&self) -> String {
        format!("{}.jobs.*.*", self.0.as_str())
    }

    pub(super) fn dead_letter_subject(&self, stage: Stage, lane: Lane) -> String {
        format!("{}.dead.{}.{lane}", self.0.as_str(), stage.name())
    }

    /// Dead letters of one stage, or of all.
    pub(super) fn dead_letter_subjects(&self, stage: Option<Stage>) -> String {
        let stage = stage.map_or("*", |stage| stage.name());
        format!("{}.dead.{stage}.*", self.0.as_str())
    }

    fn upper(&self) -> String {
        self.0.as_str().to_ascii_uppercase()
    }
}

/// The durable consumer of a stage and lane.
pub(super) fn consumer_name(stage: Stage, lane: Lane) -> String {
    format!("{}-{lane}", stage.name())
}

/// Reads the end of a subject of ours.
pub(super) fn stage_and_lane(subject: &str) -> Option<(Stage, Lane)> {
    let mut tokens = subject.rsplit('.');
    let lane = tokens.next()?.parse().ok()?;
    Some((Stage::from_name(tokens.next()?)?, lane))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn subjects_read_back() {
        let names = Names::new(Prefix::default());
        for lane in Lane::ALL {
            for stage in Stage::ALL {
                let subject = names.dead_letter_subject(stage, lane);
                assert_eq!(stage_and_lane(&subject), Some((stage, lane)));
            }
        }
        assert_eq!(stage_and_lane("scanyard.jobs.other.bulk"), None);
        assert_eq!(stage_and_lane(""), None);
    }

    #[test]
    fn everything_stands_under_the_prefix() {
        let names = Names::new("team-1".parse().unwrap());
        assert_eq!(names.jobs_stream(), "TEAM-1_JOBS");
        let subject = names.job_subject(Stage::Layer, Lane::Bulk);
        assert_eq!(subject, "team-1.jobs.layer.bulk");
        assert_eq!(names.dead_letter_subjects(None), "team-1.dead.*.*");
    }
}
