//! Wall times as a picture: a row for each image, a dot for each subject, seconds in powers of ten.

use std::fmt::Write as _;

use super::Measured;
use super::subject::Subject;

const LEFT: f64 = 190.0;
const WIDTH: f64 = 640.0;
const TOP: f64 = 60.0;
const ROW: f64 = 22.0;
/// The axis goes from a millisecond to a hundred seconds.
const FIRST_POWER: i32 = -3;
const LAST_POWER: i32 = 2;

/// The picture.
pub fn svg(all: &[Measured]) -> String {
    let bottom = TOP + ROW * all.len() as f64;
    let (width, height) = (LEFT + WIDTH + 30.0, bottom + 30.0);
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width} {height}\" \
         font-family=\"sans-serif\" font-size=\"12\">\n\
         <rect width=\"{width}\" height=\"{height}\" fill=\"#fff\"/>\n"
    );
    for power in FIRST_POWER..=LAST_POWER {
        let (at, seconds) = (place(10f64.powi(power)), 10f64.powi(power));
        let _ = writeln!(
            svg,
            "<line x1=\"{at}\" x2=\"{at}\" y1=\"{TOP}\" y2=\"{bottom}\" stroke=\"#ddd\"/>\
             <text x=\"{at}\" y=\"{}\" text-anchor=\"middle\">{seconds} s</text>",
            bottom + 18.0
        );
    }
    let measured = |subject: &Subject| all.iter().any(|image| image.runs.contains_key(subject));
    let subjects: Vec<_> = Subject::ALL.into_iter().filter(measured).collect();
    for (index, subject) in subjects.iter().enumerate() {
        let at = LEFT + 95.0 * index as f64;
        let _ = writeln!(
            svg,
            "{}<text x=\"{}\" y=\"29\">{}</text>",
            dot(at, 25.0, *subject),
            at + 9.0,
            subject.name()
        );
    }
    for (index, image) in all.iter().enumerate() {
        draw_row(&mut svg, image, &subjects, TOP + ROW * (index as f64 + 0.5));
    }
    svg.push_str("</svg>\n");
    svg
}

fn draw_row(svg: &mut String, image: &Measured, subjects: &[Subject], y: f64) {
    let _ = writeln!(
        svg,
        "<text x=\"{}\" y=\"{}\" text-anchor=\"end\">{}</text>",
        LEFT - 12.0,
        y + 4.0,
        escaped(&image.tag)
    );
    for subject in subjects.iter().filter(|s| image.runs.contains_key(s)) {
        let seconds = image.runs(*subject).median(|run| run.wall);
        let _ = writeln!(svg, "{}", dot(place(seconds), y, *subject));
    }
}

fn place(seconds: f64) -> f64 {
    let power = seconds.max(f64::MIN_POSITIVE).log10();
    let share = (power - f64::from(FIRST_POWER)) / f64::from(LAST_POWER - FIRST_POWER);
    LEFT + WIDTH * share.clamp(0.0, 1.0)
}

fn dot(x: f64, y: f64, subject: Subject) -> String {
    let colour = match subject {
        Subject::Cold => "#d62728",
        Subject::Warm => "#ff9896",
        Subject::BareLoop => "#2ca02c",
        Subject::Tar => "#7f7f7f",
        Subject::Syft => "#1f77b4",
        Subject::Trivy => "#17becf",
        Subject::Grype => "#9467bd",
        Subject::OsvScanner => "#8c564b",
    };
    format!("<circle cx=\"{x:.1}\" cy=\"{y:.1}\" r=\"5\" fill=\"{colour}\" fill-opacity=\"0.85\"/>")
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;")
}
