//! One expression, checked before it ever runs.
//!
//! The language can neither loop for ever nor allocate without end, but comprehensions in each other
//! multiply, and nothing stops one that runs. So what could take long is refused here: expressions
//! are short, nest two comprehensions at most, and write lists of a bounded length.

mod check;

use std::thread;

use cel::{ParseErrors, Program};

/// Longest expression, in bytes.
pub(crate) const MAX_LENGTH: usize = 4096;
/// Room for the parser, which calls itself for what is nested.
const STACK: usize = 16 << 20;

/// An expression that holds or does not.
#[derive(Debug)]
pub struct Expression {
    program: Program,
    text: String,
    about_findings: bool,
}

/// Why a text is no expression, and where in it that shows.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct InvalidExpression {
    /// Line, from 1.
    pub line: u32,
    /// Column in characters, from 1.
    pub column: u32,
    /// What is wrong there.
    pub message: String,
}

impl Expression {
    /// Compiles and checks an expression.
    pub fn compile(text: &str) -> Result<Self, InvalidExpression> {
        if text.len() > MAX_LENGTH {
            let message = format!("an expression has at most {MAX_LENGTH} bytes");
            return Err(InvalidExpression::at_start(message));
        }
        let compile = || {
            let program = Program::compile(text).map_err(|errors| first_of(&errors))?;
            let about_findings = check::check(&program, text)?;
            Ok((program, about_findings))
        };
        let compiled = thread::scope(|scope| {
            let parser = thread::Builder::new()
                .stack_size(STACK)
                .spawn_scoped(scope, compile);
            match parser.map(thread::ScopedJoinHandle::join) {
                Ok(Ok(compiled)) => compiled,
                Ok(Err(_)) | Err(_) => Err(InvalidExpression::at_start("cannot be read")),
            }
        });
        let (program, about_findings) = compiled?;
        Ok(Self {
            program,
            text: text.to_owned(),
            about_findings,
        })
    }

    /// As it was written.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Whether it is asked for each finding; once for the image otherwise.
    pub fn is_about_findings(&self) -> bool {
        self.about_findings
    }

    pub(crate) fn program(&self) -> &Program {
        &self.program
    }
}

impl InvalidExpression {
    fn at_start(message: impl Into<String>) -> Self {
        Self {
            line: 1,
            column: 1,
            message: message.into(),
        }
    }

    /// The place of an offset in characters.
    fn at_offset(text: &str, offset: usize, message: String) -> Self {
        let before = || text.chars().take(offset);
        let line = before().filter(|c| *c == '\n').count() + 1;
        let column = before()
            .collect::<Vec<_>>()
            .iter()
            .rev()
            .take_while(|c| **c != '\n')
            .count()
            + 1;
        Self {
            line: u32::try_from(line).unwrap_or(u32::MAX),
            column: u32::try_from(column).unwrap_or(u32::MAX),
            message,
        }
    }
}

/// The first mistake is told; what follows is often only its echo.
fn first_of(errors: &ParseErrors) -> InvalidExpression {
    let Some(error) = errors.errors.first() else {
        return InvalidExpression::at_start("cannot be read");
    };
    let place = |number: isize| u32::try_from(number).unwrap_or(1).max(1);
    // The parser's own words name tokens of its grammar after this.
    let message = error.msg.split(" expecting ").next().unwrap_or_default();
    InvalidExpression {
        line: place(error.pos.0),
        column: place(error.pos.1),
        message: message.to_owned(),
    }
}

#[cfg(test)]
mod tests;
