//! How a condition in CEL is taken apart.

use cel::common::ast::{CallExpr, Expr, IdedExpr, LiteralValue, operators};

use super::Alternative;
use super::statement::{Comparison, Constant, Path, Statement};

/// A condition with more alternatives is left alone: nobody writes so many, and the work grows with them.
const ALTERNATIVES_MAX: usize = 64;

/// The alternatives in which an expression is true, or false where that is asked.
pub(super) fn alternatives(expression: &IdedExpr, truth: bool) -> Option<Vec<Alternative>> {
    if let Expr::Call(call) = &expression.expr {
        match (call.func_name.as_str(), &call.args[..], truth) {
            (operators::LOGICAL_NOT, [operand], _) => return alternatives(operand, !truth),
            (operators::LOGICAL_AND, [one, other], true) | (operators::LOGICAL_OR, [one, other], false) => {
                return all_of(alternatives(one, truth)?, &alternatives(other, truth)?);
            }
            (operators::LOGICAL_AND, [one, other], false) | (operators::LOGICAL_OR, [one, other], true) => {
                return bounded([alternatives(one, truth)?, alternatives(other, truth)?].concat());
            }
            (operators::IN, [subject, list], _) => {
                if let Some(constants) = constants(list) {
                    return among(&path(subject), constants, truth);
                }
            }
            _ => {}
        }
    }
    if let Some(Constant::Truth(literal)) = constant(expression) {
        return Some(if literal == truth { vec![Alternative::new()] } else { Vec::new() });
    }
    Some(vec![Alternative::from([statement(expression, truth)])])
}

/// `subject in [a, b]`: one of them; or its negation: none of them.
fn among(subject: &Path, constants: Vec<Constant>, truth: bool) -> Option<Vec<Alternative>> {
    let alternatives = constants.into_iter();
    if truth {
        return bounded(alternatives.map(|one| Alternative::from([Statement::Is(subject.clone(), one)])).collect());
    }
    Some(vec![alternatives.map(|one| Statement::IsNot(subject.clone(), one)).collect()])
}

fn all_of(one: Vec<Alternative>, other: &[Alternative]) -> Option<Vec<Alternative>> {
    if one.len() * other.len() > ALTERNATIVES_MAX {
        return None;
    }
    let joined = |left: Alternative| other.iter().map(move |right| left.union(right).cloned().collect());
    Some(one.into_iter().flat_map(joined).collect())
}

fn bounded(alternatives: Vec<Alternative>) -> Option<Vec<Alternative>> {
    (alternatives.len() <= ALTERNATIVES_MAX).then_some(alternatives)
}

fn statement(expression: &IdedExpr, truth: bool) -> Statement {
    understood(expression, truth).unwrap_or_else(|| {
        let written = written(expression);
        if truth { Statement::Holds(written) } else { Statement::Fails(written) }
    })
}

/// A comparison with a constant. `!(x < 3)` is none: it also holds for what is no number of any size.
fn understood(expression: &IdedExpr, truth: bool) -> Option<Statement> {
    let Expr::Call(CallExpr { func_name, args, .. }) = &expression.expr else { return None };
    let [left, right] = &args[..] else { return None };
    let (subject, constant, mirrored) = match (constant(left), constant(right)) {
        (None, Some(constant)) => (left, constant, false),
        (Some(constant), None) => (right, constant, true),
        _ => return None,
    };
    let subject = path(subject);
    match (func_name.as_str(), truth, constant) {
        (operators::EQUALS, true, constant) | (operators::NOT_EQUALS, false, constant) => {
            Some(Statement::Is(subject, constant))
        }
        (operators::EQUALS, false, constant) | (operators::NOT_EQUALS, true, constant) => {
            Some(Statement::IsNot(subject, constant))
        }
        (operator, true, Constant::Number(number)) => {
            let operator = if mirrored { mirror(operator) } else { operator };
            comparison(operator, number).map(|comparison| Statement::Compares(subject, comparison))
        }
        _ => None,
    }
}

/// What an expression is about.
fn path(expression: &IdedExpr) -> Path {
    match &expression.expr {
        Expr::Ident(name) => Path(vec![name.clone()]),
        Expr::Select(select) if !select.test => path(&select.operand).member(&select.field),
        Expr::Call(CallExpr { func_name, args, .. }) if func_name == operators::INDEX => {
            match (args.first(), args.get(1).and_then(constant)) {
                (Some(operand), Some(Constant::Text(name))) => path(operand).member(&name),
                _ => Path(vec![written(expression)]),
            }
        }
        _ => Path(vec![written(expression)]),
    }
}

fn comparison(operator: &str, number: i64) -> Option<Comparison> {
    match operator {
        operators::GREATER => Some(Comparison::Above(number)),
        operators::GREATER_EQUALS => Some(Comparison::AtLeast(number)),
        operators::LESS_EQUALS => Some(Comparison::AtMost(number)),
        operators::LESS => Some(Comparison::Below(number)),
        _ => None,
    }
}

/// The operator that says the same with its sides exchanged.
fn mirror(operator: &str) -> &str {
    match operator {
        operators::GREATER => operators::LESS,
        operators::GREATER_EQUALS => operators::LESS_EQUALS,
        operators::LESS_EQUALS => operators::GREATER_EQUALS,
        operators::LESS => operators::GREATER,
        other => other,
    }
}

fn constant(expression: &IdedExpr) -> Option<Constant> {
    let Expr::Literal(literal) = &expression.expr else { return None };
    match literal {
        LiteralValue::Null => Some(Constant::Null),
        LiteralValue::Boolean(truth) => Some(Constant::Truth(*truth.inner())),
        LiteralValue::Int(number) => Some(Constant::Number(*number.inner())),
        LiteralValue::String(text) => Some(Constant::Text(text.inner().to_owned())),
        LiteralValue::Bytes(_) | LiteralValue::Double(_) | LiteralValue::UInt(_) => None,
    }
}

fn constants(expression: &IdedExpr) -> Option<Vec<Constant>> {
    let Expr::List(list) = &expression.expr else { return None };
    let elements = list.optional_indices.is_empty().then_some(&list.elements)?;
    elements.iter().map(constant).collect()
}

/// An expression in a form that is the same for the same meaning as far as that is simple, and never for another.
fn written(expression: &IdedExpr) -> String {
    match &expression.expr {
        Expr::Ident(_) => path(expression).to_string(),
        Expr::Literal(literal) => constant(expression).map_or_else(|| format!("{literal:?}"), |it| it.to_string()),
        Expr::Select(select) => {
            let test = if select.test { "has " } else { "" };
            format!("{test}{}.{:?}", written(&select.operand), select.field)
        }
        Expr::Call(call) => {
            let target = call.target.as_deref().map(|target| format!("{}.", written(target))).unwrap_or_default();
            let arguments: Vec<String> = call.args.iter().map(written).collect();
            format!("{target}{}({})", call.func_name, arguments.join(", "))
        }
        Expr::List(list) if list.optional_indices.is_empty() => {
            let elements: Vec<String> = list.elements.iter().map(written).collect();
            format!("[{}]", elements.join(", "))
        }
        // With the numbers that the parser gave its parts: equal only where all that stands before is.
        other => format!("{other:?}"),
    }
}
