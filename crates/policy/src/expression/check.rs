//! What of an expression is refused though it could be read: names that mean nothing, and what
//! could take long.

use cel::Program;
use cel::common::ast::{CallExpr, ComprehensionExpr, EntryExpr, Expr, IdedExpr, SelectExpr};

use super::InvalidExpression;
use crate::shape::{Shape, VARIABLES};

/// Comprehensions in each other.
const MAX_NESTED: usize = 2;
/// Entries of a list or map that is written out.
const MAX_ENTRIES: usize = 100;
/// Expressions in each other: whoever walks through one calls itself for each.
const MAX_DEPTH: usize = 200;

/// Functions beside operators. Those that make text or times out of others are left out: nothing in
/// an image asks for them.
const FUNCTIONS: [&str; 9] = [
    "size",
    "contains",
    "startsWith",
    "endsWith",
    "matches",
    "int",
    "double",
    "string",
    "bool",
];

/// Checks an expression; whether it asks about findings.
pub(super) fn check(program: &Program, text: &str) -> Result<bool, InvalidExpression> {
    let mut check = Check {
        program,
        text,
        bound: Vec::new(),
        about_findings: false,
    };
    check.walk(program.expression(), Place::default())?;
    Ok(check.about_findings)
}

#[derive(Clone, Copy, Default)]
struct Place {
    depth: usize,
    nested: usize,
}

struct Check<'a> {
    program: &'a Program,
    text: &'a str,
    /// Names that comprehensions bind, the innermost last, with what they stand for if that is known.
    bound: Vec<(&'a str, Option<Shape>)>,
    about_findings: bool,
}

type Checked = Result<Option<Shape>, InvalidExpression>;

impl<'a> Check<'a> {
    /// Checks what is in it; what its value has in it, if that is known.
    fn walk(&mut self, expression: &'a IdedExpr, place: Place) -> Checked {
        let place = Place {
            depth: place.depth + 1,
            ..place
        };
        if place.depth > MAX_DEPTH {
            return Err(self.refuse(expression, "it is nested too deeply; split the rule"));
        }
        match &expression.expr {
            Expr::Unspecified | Expr::Literal(_) => Ok(Some(Shape::Plain)),
            Expr::Ident(name) => self.walk_name(expression, name),
            Expr::Select(select) => self.walk_select(expression, select, place),
            Expr::Call(call) => self.walk_call(expression, call, place),
            Expr::Comprehension(inner) => self.walk_comprehension(expression, inner, place),
            Expr::List(list) => {
                self.check_length(expression, list.elements.len())?;
                for element in &list.elements {
                    self.walk(element, place)?;
                }
                Ok(None)
            }
            Expr::Map(map) => {
                self.check_length(expression, map.entries.len())?;
                for entry in &map.entries {
                    if let EntryExpr::MapEntry(entry) = &entry.expr {
                        self.walk(&entry.key, place)?;
                        self.walk(&entry.value, place)?;
                    }
                }
                Ok(None)
            }
            Expr::Struct(_) => Err(self.refuse(expression, "there are no types to make one of")),
        }
    }

    fn walk_name(&mut self, expression: &IdedExpr, name: &str) -> Checked {
        let bound = self.bound.iter().rev().find(|(known, _)| *known == name);
        if let Some((_, shape)) = bound {
            return Ok(*shape);
        }
        let known = VARIABLES.iter().find(|(known, _)| *known == name);
        let Some((_, shape)) = known else {
            let names: Vec<_> = VARIABLES.iter().map(|(name, _)| *name).collect();
            let message = format!("there is no {name:?}; there are {}", names.join(", "));
            return Err(self.refuse(expression, message));
        };
        self.about_findings |= name == "finding";
        Ok(Some(*shape))
    }

    fn walk_select(
        &mut self,
        expression: &IdedExpr,
        select: &'a SelectExpr,
        place: Place,
    ) -> Checked {
        let Some(shape) = self.walk(&select.operand, place)? else {
            return Ok(None);
        };
        shape.field(&select.field).map_err(|()| {
            let fields = match shape {
                Shape::Fields(fields) => {
                    let names: Vec<_> = fields.iter().map(|(name, _)| *name).collect();
                    format!("it has {}", names.join(", "))
                }
                Shape::List(_) => "it is a list".to_owned(),
                Shape::Plain | Shape::Named => "it has no fields".to_owned(),
            };
            self.refuse(
                expression,
                format!("there is no {:?} in it; {fields}", select.field),
            )
        })
    }

    fn walk_call(&mut self, expression: &IdedExpr, call: &'a CallExpr, place: Place) -> Checked {
        let name = call.func_name.as_str();
        let is_operator = name.starts_with(['_', '@', '!', '-']);
        if !is_operator && !FUNCTIONS.contains(&name) {
            let message = format!(
                "there is no function {name:?}; there are {}",
                FUNCTIONS.join(", ")
            );
            return Err(self.refuse(expression, message));
        }
        // Each call reads its pattern anew.
        let nested = place.nested + usize::from(name == "matches");
        self.check_nesting(expression, nested)?;
        for part in call.target.as_deref().into_iter().chain(&call.args) {
            self.walk(part, Place { nested, ..place })?;
        }
        Ok(None)
    }

    fn walk_comprehension(
        &mut self,
        expression: &IdedExpr,
        inner: &'a ComprehensionExpr,
        place: Place,
    ) -> Checked {
        let nested = place.nested + 1;
        self.check_nesting(expression, nested)?;
        // Counted with the rest: what is gone through may be as long as a comprehension makes it.
        let range = self.walk(&inner.iter_range, Place { nested, ..place })?;
        let item = match range {
            Some(Shape::List(item)) => Some(*item),
            Some(Shape::Named | Shape::Plain | Shape::Fields(_)) | None => None,
        };
        let before = self.bound.len();
        self.bound.push((&inner.iter_var, item));
        if let Some(second) = &inner.iter_var2 {
            self.bound.push((second, None));
        }
        self.bound.push((&inner.accu_var, None));
        for part in [
            &inner.accu_init,
            &inner.loop_cond,
            &inner.loop_step,
            &inner.result,
        ] {
            self.walk(part, Place { nested, ..place })?;
        }
        self.bound.truncate(before);
        Ok(None)
    }

    fn check_nesting(&self, expression: &IdedExpr, nested: usize) -> Result<(), InvalidExpression> {
        if nested <= MAX_NESTED {
            return Ok(());
        }
        let message = "more than two of all, exists, exists_one, filter, map and matches lie in each \
                       other, which could take for ever";
        Err(self.refuse(expression, message))
    }

    fn check_length(&self, expression: &IdedExpr, entries: usize) -> Result<(), InvalidExpression> {
        if entries <= MAX_ENTRIES {
            return Ok(());
        }
        let message = format!("a list has at most {MAX_ENTRIES} entries; write several rules");
        Err(self.refuse(expression, message))
    }

    fn refuse(&self, expression: &IdedExpr, message: impl Into<String>) -> InvalidExpression {
        let info = self.program.source_info();
        let offset = info.offset_for(expression.id).map_or(0, |(start, _)| start);
        let offset = usize::try_from(offset).unwrap_or_default();
        InvalidExpression::at_offset(self.text, offset, message.into())
    }
}
