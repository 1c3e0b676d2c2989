//! Who did how much, and how much more the engine does.

use std::fmt;

use crate::demand::Size;

#[derive(Default)]
pub(crate) struct Table {
    rows: Vec<Row>,
}

struct Row {
    size: &'static str,
    name: &'static str,
    rounds: Vec<f64>,
}

impl Table {
    pub(crate) fn note(&mut self, size: Size, name: &'static str, decisions: f64) {
        match self.rows.iter_mut().find(|row| row.size == size.name && row.name == name) {
            Some(row) => row.rounds.push(decisions),
            None => self.rows.push(Row { size: size.name, name, rounds: vec![decisions] }),
        }
    }
}

impl Row {
    /// Least, median, most.
    fn spread(&self) -> (f64, f64, f64) {
        let mut rounds = self.rounds.clone();
        rounds.sort_by(f64::total_cmp);
        (rounds[0], rounds[rounds.len() / 2], rounds[rounds.len() - 1])
    }
}

impl fmt::Display for Table {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            formatter,
            "{:<10} {:<38} {:>12} {:>24} {:>16}",
            "size", "who", "decisions/s", "least – most", "engine / this"
        )?;
        for row in &self.rows {
            let (least, median, most) = row.spread();
            let engine = self.rows.iter().find(|first| first.size == row.size).map_or(0.0, |first| first.spread().1);
            let between = format!("{least:.0} – {most:.0}");
            writeln!(
                formatter,
                "{:<10} {:<38} {median:>12.0} {between:>24} {:>16.2}",
                row.size,
                row.name,
                engine / median
            )?;
        }
        Ok(())
    }
}
