use std::io::{self, Write};

use super::write_json;
use crate::{RenderOptions, Report};

pub fn render(report: &Report, out: &mut dyn Write, _: &RenderOptions) -> io::Result<()> {
    write_json(report, out)
}
