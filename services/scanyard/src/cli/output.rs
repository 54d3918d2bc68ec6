//! How to print a report.

use std::path::{Path, PathBuf};
use std::str::FromStr;

use clap::Args;
use clap::builder::{PossibleValue, PossibleValuesParser, TypedValueParser};
use scanyard_report::Format;

/// How to print a report.
#[derive(Debug, Clone, Args)]
pub struct OutputArgs {
    /// Form of the report.
    #[arg(long, value_parser = report_format(), default_value = "table")]
    pub format: Format,

    /// Write the report to this file instead of standard output. FORMAT=FILE writes a file in a form
    /// of its own beside what is printed. May be given several times.
    #[arg(long, short, value_name = "[FORMAT=]FILE")]
    pub output: Vec<OutputFile>,

    /// List packages by licence in the table too; JSON, CycloneDX and SPDX always tell each package's.
    #[arg(long)]
    pub licences: bool,

    /// List findings in the table too that do not count, with who says so; the other forms always do
    /// as far as they have a place for it.
    #[arg(long)]
    pub show_suppressed: bool,
}

impl OutputArgs {
    /// A table on standard output.
    pub const fn table() -> Self {
        Self {
            format: Format::Table,
            output: Vec::new(),
            licences: false,
            show_suppressed: false,
        }
    }

    /// Whether anything goes to standard output: it does beside files that name their own form.
    pub fn prints(&self) -> bool {
        self.output.iter().all(|output| output.format.is_some())
    }

    /// Where the report of one image of several goes: each to a file of its own, named by platform.
    pub fn for_image(&self, platform: &str, several: bool) -> Self {
        let mut own = self.clone();
        if several {
            for output in &mut own.output {
                output.file = named_by_platform(&output.file, platform);
            }
        }
        own
    }
}

fn named_by_platform(file: &Path, platform: &str) -> PathBuf {
    let platform = platform.replace('/', "-");
    let stem = file.file_stem().unwrap_or_default().to_string_lossy();
    let name = match file.extension() {
        Some(extension) => format!("{stem}-{platform}.{}", extension.to_string_lossy()),
        None => format!("{stem}-{platform}"),
    };
    file.with_file_name(name)
}

/// Reads the name of a form, and lists them in help and completion.
pub fn report_format() -> impl TypedValueParser<Value = Format> {
    let names = Format::ALL.map(|format| PossibleValue::new(format.name()).help(format.about()));
    PossibleValuesParser::new(names)
        .try_map(|name| Format::from_name(&name).ok_or("it is none of the forms"))
}

/// A file, and the form that it is written in where it names one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OutputFile {
    /// Its own form.
    pub format: Option<Format>,
    /// Where it goes.
    pub file: PathBuf,
}

impl FromStr for OutputFile {
    type Err = std::convert::Infallible;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let named = text.split_once('=');
        let named = named.and_then(|(name, file)| Some((Format::from_name(name)?, file)));
        Ok(match named {
            Some((format, file)) => Self {
                format: Some(format),
                file: file.into(),
            },
            None => Self {
                format: None,
                file: text.into(),
            },
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_may_name_its_form_and_an_equals_sign_is_none() {
        let read = |text: &str| text.parse::<OutputFile>().unwrap();
        let sarif = read("sarif=out/a=b.sarif");
        assert_eq!(sarif.format, Some(Format::Sarif));
        assert_eq!(sarif.file, Path::new("out/a=b.sarif"));
        assert_eq!(read("a=b.json").file, Path::new("a=b.json"));
        assert_eq!(read("a=b.json").format, None);
    }

    #[test]
    fn files_of_several_images_are_named_by_platform() {
        let named = |file| named_by_platform(Path::new(file), "linux/arm64/v8");
        assert_eq!(named("d/r.json"), Path::new("d/r-linux-arm64-v8.json"));
        assert_eq!(named("r"), Path::new("r-linux-arm64-v8"));
    }
}
