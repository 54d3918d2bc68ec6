//! `scanyard versions`: the version orders, for scripts and for cross-checks.

use std::cmp::Ordering;
use std::io::{self, BufRead, BufWriter, Write};

use anyhow::Context;
use scanyard_version::{Scheme, compare};

use crate::cli::VersionsArgs;
use crate::exit::{Exit, Usage};

/// Compares each line of standard input.
pub fn run(args: &VersionsArgs) -> anyhow::Result<Exit> {
    let scheme: Scheme = args
        .scheme
        .parse()
        .map_err(|e: scanyard_version::UnknownScheme| Usage(e.to_string()))?;
    let mut output = BufWriter::new(io::stdout().lock());
    for line in io::stdin().lock().lines() {
        let line = line.context("cannot read standard input")?;
        writeln!(output, "{}", answer(scheme, &line)).context("cannot write the answers")?;
    }
    output.flush().context("cannot write the answers")?;
    Ok(Exit::Done)
}

/// The answer to one `left<TAB>right` line.
fn answer(scheme: Scheme, line: &str) -> String {
    let Some((left, right)) = line.split_once('\t') else {
        return "error: expected two versions with a tab between them".to_owned();
    };
    match compare(scheme, left, right) {
        Ok(Ordering::Less) => "<".to_owned(),
        Ok(Ordering::Equal) => "=".to_owned(),
        Ok(Ordering::Greater) => ">".to_owned(),
        Err(error) => format!("error: {error}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_line_has_one_answer() {
        assert_eq!(answer(Scheme::Deb, "1.0~rc1\t1.0"), "<");
        assert_eq!(answer(Scheme::Deb, "1:0\t2"), ">");
        assert_eq!(answer(Scheme::Pep440, "1.0\t1.0.0"), "=");
        assert!(answer(Scheme::Pep440, "1.0\tgarbage!").starts_with("error: "));
        assert!(answer(Scheme::Deb, "1.0 2.0").starts_with("error: "));
    }
}
