//! Recognises what the parser made of `all`, `exists`, `exists_one`, `map` and `filter`, and makes
//! loops of them; `sort_by` and `group`, which are ours, have the same form.

use std::sync::Arc;

use cel::IdedExpr;
use cel::common::ast::{CallExpr, ComprehensionExpr, Expr, LiteralValue, operators};

use super::{Lowering, MAX_LOOPS, Result};
use crate::tree::{Form, Kind, Loop, Node};

/// What one expansion says: its form, its filter and its body.
type Shape<'a> = (Form, Option<&'a IdedExpr>, &'a IdedExpr);

impl Lowering<'_> {
    pub(super) fn comprehension(
        &mut self,
        expr: &IdedExpr,
        comprehension: &ComprehensionExpr,
    ) -> Result<Node> {
        let Some(shape) = shape_of(comprehension) else {
            let message = "this loop is not one that Muster knows".to_owned();
            return self.refuse(expr, message, "use all, exists, exists_one, map or filter");
        };
        self.each(
            expr,
            &comprehension.iter_range,
            &comprehension.iter_var,
            shape,
        )
    }

    /// `xs.sort_by(x, x.at_ms)` and `xs.group(x, x.run_id)`.
    pub(super) fn own_macro(
        &mut self,
        expr: &IdedExpr,
        call: &CallExpr,
        form: Form,
    ) -> Result<Node> {
        let name = &call.func_name;
        let parts = (call.target.as_deref(), call.args.as_slice());
        if let (Some(range), [variable, body]) = parts
            && let Expr::Ident(variable) = &variable.expr
        {
            return self.each(expr, range, variable, (form, None, body));
        }
        let fix = format!("write `xs.{name}(x, x.id)`");
        self.refuse(
            expr,
            format!("{name} takes a list, a name and an expression"),
            &fix,
        )
    }

    fn each(
        &mut self,
        expr: &IdedExpr,
        range: &IdedExpr,
        variable: &str,
        (form, filter, body): Shape<'_>,
    ) -> Result<Node> {
        let range = self.node(range)?;
        let slot = self.locals.len();
        if slot >= MAX_LOOPS {
            let message = format!("loops are nested deeper than {MAX_LOOPS}");
            return self.refuse(expr, message, "save an inner list first");
        }
        self.locals.push(Arc::from(variable));
        let filter = filter.map(|filter| self.node(filter)).transpose();
        let body = self.node(body);
        self.locals.pop();
        let (filter, body) = (filter?, body?);
        let (offset, len) = self.token(expr);
        let each = Loop {
            form,
            range,
            slot,
            filter,
            body,
        };
        Ok(self.spanning(offset, len, Kind::Loop(Box::new(each))))
    }
}

fn shape_of(comprehension: &ComprehensionExpr) -> Option<Shape<'_>> {
    let step = call(&comprehension.loop_step)?;
    match (step.func_name.as_str(), step.args.as_slice()) {
        (operators::LOGICAL_AND, [_, body]) => Some((Form::All, None, body)),
        (operators::LOGICAL_OR, [_, body]) => Some((Form::Exists, None, body)),
        (operators::ADD, [_, item]) => Some((Form::Map, None, only(item)?)),
        (operators::CONDITIONAL, [test, step, _]) => match &comprehension.accu_init.expr {
            Expr::Literal(LiteralValue::Int(_)) => Some((Form::ExistsOne, None, test)),
            Expr::List(_) => Some((Form::Map, Some(test), only(call(step)?.args.get(1)?)?)),
            _ => None,
        },
        _ => None,
    }
}

fn call(expr: &IdedExpr) -> Option<&CallExpr> {
    match &expr.expr {
        Expr::Call(call) => Some(call),
        _ => None,
    }
}

/// The one element of a list literal.
fn only(expr: &IdedExpr) -> Option<&IdedExpr> {
    match &expr.expr {
        Expr::List(list) if list.elements.len() == 1 => list.elements.first(),
        _ => None,
    }
}
