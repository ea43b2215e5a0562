//! Writes the table of examples: failures first, sortable by any column, one count of the confusion matrix at a time.
//!
//! Right answers are there for the matrix to show; the table by itself hides them. Without the script it stays as it is, in
//! the order of confidence.

use maud::{Markup, html};

/// The examples of a task.
pub struct Listing {
    /// What they are.
    pub heading: String,
    /// How to read them.
    pub hint: &'static str,
    /// The names of the columns.
    pub columns: Vec<&'static str>,
    /// The examples.
    pub rows: Vec<Row>,
}

/// One example.
pub struct Row {
    /// The count of the confusion matrix that it is part of.
    pub cell: Option<String>,
    /// Whether the model is right.
    pub is_right: bool,
    /// One a column.
    pub values: Vec<Value>,
}

/// What stands in a column.
pub enum Value {
    /// A number, by which rows are sorted, as it is shown.
    Number(f64, String),
    /// Words.
    Text(String),
    /// Anything else; it is not sorted by.
    Block(Markup),
}

impl Value {
    /// A probability.
    pub fn probability(value: f32) -> Self {
        Self::Number(value.into(), format!("{value:.3}"))
    }
}

/// The heading of so many failures.
pub fn failures(count: usize) -> String {
    match count {
        1 => "1 failure".to_owned(),
        count => format!("{count} failures"),
    }
}

impl Listing {
    /// Sorts failures before right answers and both by their first column, the highest first.
    fn sorted(mut self) -> Self {
        let key = |row: &Row| match row.values.first() {
            Some(Value::Number(number, _)) => *number,
            _ => 0.0,
        };
        self.rows
            .sort_by(|a, b| (a.is_right.cmp(&b.is_right)).then(key(b).total_cmp(&key(a))));
        self
    }

    /// The table.
    pub fn render(self) -> Markup {
        let listing = self.sorted();
        html! {
            section id="examples" {
                h2 { (listing.heading) }
                @if listing.rows.is_empty() {
                    p.note { "There is nothing to list." }
                } @else {
                    p.caption { (listing.hint) }
                    p.filter hidden { button type="button" { "show all failures" } }
                    div.scroll { (table(&listing)) }
                }
            }
        }
    }
}

fn table(listing: &Listing) -> Markup {
    let first = |column: usize| listing.rows.first().and_then(|row| row.values.get(column));
    html! {
        table.examples {
            thead {
                tr {
                    @for (number, name) in listing.columns.iter().enumerate() {
                        @match first(number) {
                            Some(Value::Block(_)) | None => th scope="col" { (name) },
                            Some(value) => {
                                th.number[matches!(value, Value::Number(..))] scope="col"
                                    aria-sort=[(number == 0).then_some("descending")] {
                                    button type="button" { (name) }
                                }
                            }
                        }
                    }
                }
            }
            tbody {
                @for row in &listing.rows {
                    tr data-cell=[row.cell.as_deref()] data-right[row.is_right] hidden[row.is_right] {
                        @for (value, name) in row.values.iter().zip(&listing.columns) { (entry(value, name)) }
                    }
                }
            }
        }
    }
}

fn entry(value: &Value, column: &str) -> Markup {
    html! {
        @match value {
            Value::Number(number, shown) => td.number data-value=(number.to_string()) data-column=(column) { (shown) },
            Value::Text(text) => td data-column=(column) { (text) },
            Value::Block(block) => td.block data-column=(column) { (block) },
        }
    }
}

/// A text, and the second one of a pair below it.
pub fn texts(text: &str, pair: Option<&str>) -> Markup {
    html! {
        p.text { (text) }
        @if let Some(pair) = pair { p.text.second { (pair) } }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_surest_failures_come_first_and_right_answers_are_hidden() {
        let row = |score: f32, is_right| Row {
            cell: Some("0-1".to_owned()),
            is_right,
            values: vec![Value::probability(score), Value::Block(html! { b { "x" } })],
        };
        let listing = Listing {
            heading: failures(2),
            hint: "",
            columns: vec!["confidence", "text"],
            rows: vec![row(0.5, false), row(0.99, true), row(0.75, false)],
        };
        let page = listing.render().into_string();
        let at = |text: &str| page.find(text).unwrap_or_else(|| panic!("{text}: {page}"));
        assert!(page.contains(">2 failures<") && failures(1) == "1 failure", "{page}");
        assert!(at("0.750") < at("0.500") && at("0.500") < at("0.990"));
        assert_eq!(page.matches("<button").count(), 2, "one column, one filter: {page}");
        assert_eq!(page.matches(" data-right hidden>").count(), 1, "{page}");
    }
}
