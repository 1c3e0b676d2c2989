//! How much a condition may ask of the engine: a bound, by its text alone, on the steps that it takes and on what it builds.
//!
//! Macros go through lists, and one within another multiplies: thirty of them, which fit into a condition, take longer than
//! the world has. A condition is asked about every ticket by the one thread that decides, so the bound is looked at before
//! a catalogue comes into force, and nothing has to be cut off later.

use cel::Program;
use cel::common::ast::{CallExpr, ComprehensionExpr, EntryExpr, Expr, IdedExpr, LiteralValue, operators};
use regex::RegexBuilder;

/// The most steps of a condition, counted as below: some hundredth of a second. What people write takes tens, and one that
/// goes through all attributes for each permission takes 20,000.
pub const EFFORT_MAX: u64 = 100_000;

/// The most steps of all conditions of a catalogue, of which a ticket may have every one asked: a thousand that go through a
/// list each.
pub const EFFORT_OF_ALL_MAX: u64 = 20 * EFFORT_MAX;

/// What a list or table of a ticket holds at most: its attributes, skills, permissions.
const MEMBERS_MAX: u64 = 64;

/// How many queues there are at most: as many as a catalogue may have roles.
const QUEUES_MAX: u64 = 1_000;

/// The steps of one regular expression, which is made ready each time that it is asked.
const MATCHES: u64 = 1_000;

/// The largest regular expression, made ready, in bytes.
const PATTERN_MAX_BYTES: usize = 256 * 1024;

/// Why a condition asks too much.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum TooMuch {
    /// It takes more steps, or builds something larger, than [`EFFORT_MAX`].
    Steps,
    /// A regular expression is too large.
    Pattern,
    /// A regular expression is made of what the ticket says.
    PatternOfTicket,
}

/// How large a value may be.
#[derive(Debug, Clone, Copy)]
struct Size {
    /// How many elements it has, where it is gone through.
    count: u64,
    /// How large the largest of them is.
    each: u64,
    /// How large all of it is.
    total: u64,
}

impl Size {
    const ONE: Self = Self { count: 1, each: 1, total: 1 };

    /// Of something so large of which nothing else is known.
    fn of(total: u64) -> Self {
        Self { count: total, each: total, total }
    }

    fn and(self, other: Self) -> Self {
        Self {
            count: self.count.saturating_add(other.count),
            each: self.each.max(other.each),
            total: self.total.saturating_add(other.total),
        }
    }

    fn or(self, other: Self) -> Self {
        Self { count: self.count.max(other.count), each: self.each.max(other.each), total: self.total.max(other.total) }
    }
}

/// How many steps it may take.
///
/// # Errors
/// Where the condition may ask more than it should.
pub(super) fn check(program: &Program) -> Result<u64, TooMuch> {
    let mut meter = Meter { steps: 0, bound: Vec::new() };
    meter.size(program.expression(), 1)?;
    if meter.steps > EFFORT_MAX { Err(TooMuch::Steps) } else { Ok(meter.steps) }
}

struct Meter<'e> {
    steps: u64,
    /// The names that macros give, the innermost last.
    bound: Vec<(&'e str, Size)>,
}

impl<'e> Meter<'e> {
    fn count(&mut self, steps: u64, times: u64) {
        self.steps = self.steps.saturating_add(steps.saturating_mul(times));
    }

    /// How large its value may be; its steps are counted as often as it is asked.
    fn size(&mut self, expr: &'e IdedExpr, times: u64) -> Result<Size, TooMuch> {
        let size = match &expr.expr {
            Expr::Ident(name) => self.variable(name),
            Expr::Literal(_) | Expr::Unspecified => Size::ONE,
            // A member is no larger than what it is a member of, and one of a variable is a text or a number.
            Expr::Select(select) => match self.size(&select.operand, times)? {
                of if matches!(select.operand.expr, Expr::Ident(_)) && of.each == 1 => Size::ONE,
                of => Size::of(of.each),
            },
            Expr::List(list) => self.sizes(list.elements.iter(), times)?,
            Expr::Map(map) => self.entries(map.entries.iter().map(|entry| &entry.expr), times)?,
            Expr::Struct(fields) => self.entries(fields.entries.iter().map(|entry| &entry.expr), times)?,
            Expr::Call(call) => self.call(call, times)?,
            Expr::Comprehension(each) => self.each(each, times)?,
        };
        self.count(1, times);
        if size.total > EFFORT_MAX { Err(TooMuch::Steps) } else { Ok(size) }
    }

    fn variable(&self, name: &str) -> Size {
        let members = if name == "queue" { QUEUES_MAX } else { MEMBERS_MAX };
        let bound = self.bound.iter().rev().find(|(known, _)| *known == name);
        bound.map_or(Size { count: members, each: 1, total: members }, |(_, size)| *size)
    }

    /// Of a list of these.
    fn sizes(&mut self, elements: impl Iterator<Item = &'e IdedExpr>, times: u64) -> Result<Size, TooMuch> {
        let mut all = Size { count: 0, each: 1, total: 1 };
        for element in elements {
            let size = self.size(element, times)?;
            all = all.and(Size { count: 1, each: size.total, total: size.total });
        }
        Ok(all)
    }

    fn entries(&mut self, entries: impl Iterator<Item = &'e EntryExpr>, times: u64) -> Result<Size, TooMuch> {
        let parts: Vec<&IdedExpr> = entries.flat_map(super::meaning::parts).collect();
        self.sizes(parts.into_iter(), times)
    }

    fn call(&mut self, call: &'e CallExpr, times: u64) -> Result<Size, TooMuch> {
        let mut sizes = Vec::new();
        for part in call.target.as_deref().into_iter().chain(&call.args) {
            sizes.push(self.size(part, times)?);
        }
        let together = sizes.iter().copied().reduce(Size::and).unwrap_or(Size::ONE);
        match call.func_name.as_str() {
            operators::LOGICAL_AND | operators::LOGICAL_OR | operators::LOGICAL_NOT => Ok(Size::ONE),
            operators::CONDITIONAL => Ok(sizes.into_iter().reduce(Size::or).unwrap_or(Size::ONE)),
            operators::INDEX => Ok(Size::of(sizes.first().map_or(1, |of| of.each))),
            "matches" => {
                self.count(MATCHES, times);
                call.args.last().map_or(Ok(Size::ONE), |pattern| check_pattern(pattern).map(|()| Size::ONE))
            }
            // What is put together is copied.
            operators::ADD => {
                self.count(together.total, times);
                Ok(together)
            }
            // What compares or looks for something goes through all of it.
            _ => {
                self.count(together.total, times);
                Ok(Size::of(together.total))
            }
        }
    }

    fn each(&mut self, each: &'e ComprehensionExpr, times: u64) -> Result<Size, TooMuch> {
        let range = self.size(&each.iter_range, times)?;
        let begin = self.size(&each.accu_init, times)?;
        let rounds = times.saturating_mul(range.count);
        if rounds > EFFORT_MAX {
            return Err(TooMuch::Steps);
        }
        let outside = self.bound.len();
        self.bound.push((&each.iter_var, Size::of(range.each)));
        self.bound.extend(each.iter_var2.as_deref().map(|name| (name, Size::of(range.each))));
        // What is gathered grows by as much in each round, and is added to and not copied.
        self.bound.push((&each.accu_var, Size { count: 0, each: 1, total: 0 }));
        self.size(&each.loop_cond, rounds)?;
        let step = self.size(&each.loop_step, rounds)?;
        let gathered = Size {
            count: begin.count.saturating_add(step.count.saturating_mul(range.count)),
            each: begin.each.max(step.each),
            total: begin.total.saturating_add(step.total.saturating_mul(range.count)),
        };
        let is_list = matches!(each.accu_init.expr, Expr::List(_));
        let gathered = if is_list { gathered } else { Size::ONE };
        self.bound.truncate(outside);
        self.bound.push((&each.accu_var, gathered));
        let result = self.size(&each.result, times);
        self.bound.truncate(outside);
        result
    }
}

/// One that the ticket says could be anything.
fn check_pattern(pattern: &IdedExpr) -> Result<(), TooMuch> {
    let Expr::Literal(LiteralValue::String(pattern)) = &pattern.expr else { return Err(TooMuch::PatternOfTicket) };
    match RegexBuilder::new(pattern.inner()).size_limit(PATTERN_MAX_BYTES).build() {
        Err(regex::Error::CompiledTooBig(_)) => Err(TooMuch::Pattern),
        // One that is none matches nothing, and costs nothing.
        _ => Ok(()),
    }
}
