//! What a condition says beyond its grammar: what it refers to, and whether it is true or false at all.

use cel::Program;
use cel::common::ast::{CallExpr, EntryExpr, Expr, IdedExpr, LiteralValue, SelectExpr, operators};

use super::{Fault, NamedQueue, line_column};
use crate::routing::facts::MEMBERS;

/// Reports the first reference to something that is not there, and a condition that is no yes or no.
pub(super) fn check(program: &Program, source: &str, variables: &[&str]) -> Result<(), Fault> {
    let checker = Checker { program, source, variables };
    checker.check_references(program.expression(), &mut Vec::new())?;
    checker.check_truth(program.expression())
}

/// Every `queue["billing"]` and `queue.billing`.
pub(super) fn named_queues(program: &Program) -> Vec<NamedQueue> {
    let source = program.source_info().source.as_str();
    let checker = Checker { program, source, variables: &[] };
    let mut found = Vec::new();
    visit(program.expression(), &mut |expr| {
        if let Some((role, sign)) = named_queue(expr) {
            found.push(NamedQueue { role: role.to_owned(), position: checker.position_behind(sign) });
        }
    });
    found
}

struct Checker<'c> {
    program: &'c Program,
    source: &'c str,
    variables: &'c [&'c str],
}

impl<'c> Checker<'c> {
    fn offset(&self, expr: &IdedExpr) -> usize {
        let offset = self.program.source_info().offset_for(expr.id).map_or(0, |(start, _)| start as usize);
        if self.source.is_char_boundary(offset) { offset } else { 0 }
    }

    /// Where a name stands that follows a dot or a quote.
    fn position_behind(&self, sign: &IdedExpr) -> (usize, usize) {
        let (line, column) = line_column(self.source, self.offset(sign));
        (line, column + 1)
    }

    fn fault<T>(&self, expr: &IdedExpr, message: String) -> Result<T, Fault> {
        Err(Fault::at(self.source, self.offset(expr), message))
    }

    /// `bound` are the names that macros such as `exists` give to elements.
    fn check_references(&self, expr: &'c IdedExpr, bound: &mut Vec<&'c str>) -> Result<(), Fault> {
        match &expr.expr {
            Expr::Ident(name) => self.check_variable(expr, name, bound)?,
            Expr::Select(select) => self.check_member(expr, select)?,
            Expr::Comprehension(comprehension) => {
                self.check_references(&comprehension.iter_range, bound)?;
                self.check_references(&comprehension.accu_init, bound)?;
                let outside = bound.len();
                bound.push(&comprehension.iter_var);
                bound.extend(comprehension.iter_var2.as_deref());
                for part in [&comprehension.loop_cond, &comprehension.loop_step, &comprehension.result] {
                    self.check_references(part, bound)?;
                }
                bound.truncate(outside);
                return Ok(());
            }
            _ => {}
        }
        children(expr).into_iter().try_for_each(|child| self.check_references(child, bound))
    }

    fn check_variable(&self, expr: &IdedExpr, name: &str, bound: &[&str]) -> Result<(), Fault> {
        if self.variables.contains(&name) || bound.contains(&name) || name.starts_with('@') {
            return Ok(());
        }
        let known = self.variables.join(", ");
        self.fault(expr, format!("the condition refers to {name:?}; it may ask about {known}"))
    }

    fn check_member(&self, expr: &IdedExpr, select: &SelectExpr) -> Result<(), Fault> {
        let of = match &select.operand.expr {
            Expr::Ident(name) => name.as_str(),
            _ if named_queue(&select.operand).is_some() => "queue[…]",
            _ => return Ok(()),
        };
        match MEMBERS.iter().find(|(variable, _)| *variable == of) {
            Some((_, members)) if !members.contains(&select.field.as_str()) => {
                let (field, members) = (&select.field, members.join(", "));
                let message = format!("{of} has no {field:?}; it has {members}");
                Err(Fault { position: Some(self.position_behind(expr)), message })
            }
            _ => Ok(()),
        }
    }

    /// Reports what is a number or a text where a yes or a no is needed. What only the ticket can tell is let pass.
    fn check_truth(&self, expr: &IdedExpr) -> Result<(), Fault> {
        let kind = match &expr.expr {
            Expr::Call(call) => match truth_of(call) {
                Truth::OfAll(parts) => return parts.iter().try_for_each(|part| self.check_truth(part)),
                Truth::Never(kind) => kind,
                Truth::Perhaps => return Ok(()),
            },
            Expr::Literal(LiteralValue::Boolean(_)) => return Ok(()),
            Expr::Literal(LiteralValue::String(_)) => "a text",
            Expr::Literal(LiteralValue::Null) => "nothing",
            Expr::Literal(_) => "a number",
            Expr::List(_) => "a list",
            Expr::Map(_) | Expr::Struct(_) => "a table",
            Expr::Ident(name) => {
                return self.fault(expr, format!("{name} alone is neither true nor false; compare it"));
            }
            Expr::Select(select) if !select.test => match &select.operand.expr {
                Expr::Ident(name) if name == "customer" => "a text",
                _ if named_queue(&select.operand).is_some() => "a number",
                _ => return Ok(()),
            },
            Expr::Select(_) | Expr::Comprehension(_) | Expr::Unspecified => return Ok(()),
        };
        self.fault(expr, format!("this is {kind}, and neither true nor false"))
    }
}

/// Whether a call gives yes or no.
enum Truth<'c> {
    /// Where all of these do.
    OfAll(&'c [IdedExpr]),
    /// It gives something else.
    Never(&'static str),
    /// It does, or only the ticket can tell.
    Perhaps,
}

fn truth_of(call: &CallExpr) -> Truth<'_> {
    match call.func_name.as_str() {
        operators::LOGICAL_AND | operators::LOGICAL_OR | operators::LOGICAL_NOT => Truth::OfAll(&call.args),
        operators::CONDITIONAL => Truth::OfAll(call.args.get(1..).unwrap_or_default()),
        operators::SUBSTRACT | operators::MULTIPLY | operators::DIVIDE | operators::MODULO | operators::NEGATE => {
            Truth::Never("a number")
        }
        "size" | "int" | "uint" | "double" => Truth::Never("a number"),
        "string" => Truth::Never("a text"),
        _ => Truth::Perhaps,
    }
}

/// The role in `queue["billing"]` and in `queue.billing`, and what has the sign before its name.
fn named_queue(expr: &IdedExpr) -> Option<(&str, &IdedExpr)> {
    let is_queue = |expr: &IdedExpr| matches!(&expr.expr, Expr::Ident(name) if name == "queue");
    match &expr.expr {
        Expr::Select(select) if is_queue(&select.operand) => Some((&select.field, expr)),
        Expr::Call(call) if call.func_name == operators::INDEX => match call.args.as_slice() {
            [queue, role] if is_queue(queue) => match &role.expr {
                Expr::Literal(LiteralValue::String(name)) => Some((name.inner(), role)),
                _ => None,
            },
            _ => None,
        },
        _ => None,
    }
}

fn visit<'e>(expr: &'e IdedExpr, see: &mut impl FnMut(&'e IdedExpr)) {
    see(expr);
    for child in children(expr) {
        visit(child, see);
    }
}

fn children(expr: &IdedExpr) -> Vec<&IdedExpr> {
    match &expr.expr {
        Expr::Call(call) => call.target.as_deref().into_iter().chain(&call.args).collect(),
        Expr::List(list) => list.elements.iter().collect(),
        Expr::Select(select) => vec![&select.operand],
        Expr::Map(map) => map.entries.iter().flat_map(|entry| parts(&entry.expr)).collect(),
        Expr::Struct(fields) => fields.entries.iter().flat_map(|entry| parts(&entry.expr)).collect(),
        Expr::Comprehension(each) => {
            vec![&each.iter_range, &each.accu_init, &each.loop_cond, &each.loop_step, &each.result]
        }
        Expr::Ident(_) | Expr::Literal(_) | Expr::Unspecified => Vec::new(),
    }
}

pub(super) fn parts(entry: &EntryExpr) -> Vec<&IdedExpr> {
    match entry {
        EntryExpr::StructField(field) => vec![&field.value],
        EntryExpr::MapEntry(entry) => vec![&entry.key, &entry.value],
    }
}

#[cfg(test)]
mod tests {
    use crate::routing::condition::{Condition, Fault};
    use crate::routing::facts::RULE_VARIABLES;

    fn compile(source: &str) -> Result<Condition, Fault> {
        Condition::compile(source, RULE_VARIABLES)
    }

    fn fault(source: &str) -> (Option<(usize, usize)>, String) {
        let Err(fault) = compile(source) else { panic!("{source:?} is a condition") };
        (fault.position, fault.message)
    }

    #[test]
    fn what_is_not_there_is_named_with_what_is() {
        let (position, message) = fault("true || nobody == 1");
        assert_eq!(position, Some((1, 9)));
        assert!(message.starts_with("the condition refers to \"nobody\"; it may ask about type, "), "{message}");
        let (position, message) = fault("channel == 'chat' &&\n  customer.tire == 'vip'");
        assert_eq!(message, "customer has no \"tire\"; it has id, tier, language");
        assert_eq!(position, Some((2, 12)));
        assert_eq!(fault("queue['billing'].length > 1").1, "queue[…] has no \"length\"; it has waiting, online, free");
    }

    #[test]
    fn names_that_a_macro_gives_are_known_inside_of_it_only() {
        for source in ["permissions.exists(p, p == 'refund.issue')", "['a', 'b'].all(x, x != subject)"] {
            assert!(compile(source).is_ok(), "{source}");
        }
        assert_eq!(fault("permissions.exists(p, true) && p == 'x'").0, Some((1, 32)));
    }

    #[test]
    fn what_is_neither_true_nor_false_is_no_condition() {
        for (source, message) in [
            ("1", "this is a number, and neither true nor false"),
            ("'vip'", "this is a text, and neither true nor false"),
            ("['vip']", "this is a list, and neither true nor false"),
            ("{'a': 1}", "this is a table, and neither true nor false"),
            ("null", "this is nothing, and neither true nor false"),
            ("priority", "priority alone is neither true nor false; compare it"),
            ("customer.tier", "this is a text, and neither true nor false"),
            ("queue.billing.waiting", "this is a number, and neither true nor false"),
            ("size(permissions)", "this is a number, and neither true nor false"),
            ("priority - 3", "this is a number, and neither true nor false"),
            ("channel == 'chat' && (priority > 3 || hour)", "hour alone is neither true nor false; compare it"),
            ("!subject", "subject alone is neither true nor false; compare it"),
            ("channel == 'chat' ? 1 : true", "this is a number, and neither true nor false"),
        ] {
            assert_eq!(fault(source).1, message, "{source}");
        }
        for source in ["attributes.urgent", "true", "has(customer.tier)", "!attributes.paid", "hour > 8 ? true : false"]
        {
            assert!(compile(source).is_ok(), "{source}");
        }
    }

    #[test]
    fn the_queues_that_a_condition_names_are_found() {
        let source = "queue['billing'].waiting > 3 || queue.sales.free == 0 || queue[type].free == 0";
        let queues = compile(source).unwrap().named_queues();
        let roles: Vec<&str> = queues.iter().map(|queue| queue.role.as_str()).collect();
        assert_eq!(roles, ["billing", "sales"]);
        let places: Vec<(usize, usize)> = queues.iter().map(|queue| queue.position).collect();
        assert_eq!(places, [(1, 8), (1, 39)]);
    }
}
