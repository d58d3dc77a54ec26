//! Operators and calls: each name is an operator, a macro of ours, or one function of the library,
//! written in the form and with the number of arguments that its line of the table says.

use cel::IdedExpr;
use cel::common::ast::{CallExpr, operators};

use super::{Lowering, Result};
use crate::error::CompileError;
use crate::library::{self, Function, Written};
use crate::tree::{Form, Kind, Node, Operator};

impl Lowering<'_> {
    pub(super) fn call(&mut self, expr: &IdedExpr, call: &CallExpr) -> Result<Node> {
        match call.func_name.as_str() {
            "sort_by" => self.own_macro(expr, call, Form::SortBy),
            "group" => self.own_macro(expr, call, Form::Group),
            operators::INDEX if call.args.len() == 2 => self.index(expr, call),
            name if is_operator(name) => self.operator(expr, call),
            _ => self.function(expr, call),
        }
    }

    fn index(&mut self, expr: &IdedExpr, call: &CallExpr) -> Result<Node> {
        let [list, index] = call.args.as_slice() else {
            return self.operator(expr, call);
        };
        let (offset, len) = self.token(expr);
        let pair = [self.operand(list)?, self.node(index)?];
        let index_end = (pair[1].offset + pair[1].len) as usize;
        let close = self.source[index_end..].find(']').map_or(0, |at| at + 1);
        let len = len.max((index_end + close).saturating_sub(offset));
        Ok(self.spanning(offset, len, Kind::Index(Box::new(pair))))
    }

    /// What it is of is lowered here and put together elsewhere: rows of operators are the deepest trees,
    /// and the less stack a level takes, the better.
    fn operator(&mut self, expr: &IdedExpr, call: &CallExpr) -> Result<Node> {
        let operands = self.nodes(&call.args)?;
        self.operation(expr, &call.func_name, operands)
    }

    fn operation(&self, expr: &IdedExpr, name: &str, operands: Vec<Node>) -> Result<Node> {
        let kind = self.operation_kind(expr, name, operands)?;
        let (offset, len) = self.token(expr);
        Ok(self.spanning(offset, len, kind))
    }

    fn operation_kind(&self, expr: &IdedExpr, name: &str, operands: Vec<Node>) -> Result<Kind> {
        match <[Node; 1]>::try_from(operands) {
            Ok([only]) if name == operators::LOGICAL_NOT => Ok(Kind::Not(Box::new(only))),
            Ok([only]) if name == operators::NEGATE => Ok(Kind::Negate(Box::new(only))),
            Ok(_) => self.refuse_operator(expr, name),
            Err(nodes) => match <[Node; 2]>::try_from(nodes) {
                Ok(pair) if name == operators::LOGICAL_AND => Ok(Kind::And(Box::new(pair))),
                Ok(pair) if name == operators::LOGICAL_OR => Ok(Kind::Or(Box::new(pair))),
                Ok(pair) => match binary(name) {
                    Some(operator) => Ok(Kind::Binary(operator, Box::new(pair))),
                    None => self.refuse_operator(expr, name),
                },
                Err(nodes) => match <[Node; 3]>::try_from(nodes) {
                    Ok(parts) if name == operators::CONDITIONAL => {
                        Ok(Kind::Conditional(Box::new(parts)))
                    }
                    _ => self.refuse_operator(expr, name),
                },
            },
        }
    }

    fn refuse_operator<T>(&self, expr: &IdedExpr, name: &str) -> Result<T> {
        let message = format!("the operator {name} cannot be used so");
        self.refuse(expr, message, "write it with a value on each side")
    }

    fn function(&mut self, expr: &IdedExpr, call: &CallExpr) -> Result<Node> {
        let (offset, len) = self.name_of(expr, &call.func_name);
        let refuse = |message: String, fix: String| CompileError {
            offset,
            len,
            message,
            fix: Some(fix),
        };
        let Some(function) = library::find(&call.func_name) else {
            let (message, fix) = library::unknown(&call.func_name);
            return Err(refuse(message, fix));
        };
        check_form(function, call).map_err(|(message, fix)| refuse(message, fix))?;
        let mut arguments = Vec::with_capacity(call.args.len() + 1);
        if let Some(target) = &call.target {
            arguments.push(self.node(target)?);
        }
        arguments.extend(self.nodes(&call.args)?);
        let last = arguments
            .last()
            .map_or(offset + len, |last| (last.offset + last.len) as usize);
        let close = self.source[last.min(self.source.len())..]
            .find(')')
            .map_or(0, |at| at + 1);
        let reach = (last + close).max(offset + len) - offset;
        Ok(self.spanning(offset, reach, Kind::Call(function, arguments)))
    }

    /// The place of a function's name, whose node stands at the bracket after it.
    fn name_of(&self, expr: &IdedExpr, name: &str) -> (usize, usize) {
        let (bracket, len) = self.token(expr);
        match self.source[..bracket].rfind(name) {
            Some(offset) => (offset, name.len()),
            None => (bracket, len),
        }
    }
}

fn check_form(function: &Function, call: &CallExpr) -> std::result::Result<(), (String, String)> {
    let name = function.name;
    let fix = || format!("write `{}`", function.usage);
    match (function.written, &call.target) {
        (Written::Function, Some(_)) => Err((format!("{name} is not a member"), fix())),
        (Written::Member, None) => Err((format!("{name} is written as a member"), fix())),
        _ => {
            let given = call.args.len() + usize::from(call.target.is_some());
            if function.arity.contains(&given) {
                return Ok(());
            }
            let (least, most) = (*function.arity.start(), *function.arity.end());
            let wanted = match (least, most) {
                _ if most == usize::MAX => format!("{least} or more"),
                _ if least == most => least.to_string(),
                _ => format!("{least} to {most}"),
            };
            let values = if (least, most) == (1, 1) {
                "value"
            } else {
                "values"
            };
            Err((
                format!("{name} takes {wanted} {values}, not {given}"),
                fix(),
            ))
        }
    }
}

fn is_operator(name: &str) -> bool {
    name.starts_with(['_', '@', '!', '-'])
}

fn binary(name: &str) -> Option<Operator> {
    Some(match name {
        operators::ADD => Operator::Add,
        operators::SUBSTRACT => Operator::Subtract,
        operators::MULTIPLY => Operator::Multiply,
        operators::DIVIDE => Operator::Divide,
        operators::MODULO => Operator::Remainder,
        operators::EQUALS => Operator::Equal,
        operators::NOT_EQUALS => Operator::NotEqual,
        operators::LESS => Operator::Less,
        operators::LESS_EQUALS => Operator::LessOrEqual,
        operators::GREATER => Operator::Greater,
        operators::GREATER_EQUALS => Operator::GreaterOrEqual,
        operators::IN => Operator::In,
        _ => return None,
    })
}
