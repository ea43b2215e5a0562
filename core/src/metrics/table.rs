//! Prints a classification report as tables that a person reads: scores, classes, confusion matrix.

use std::fmt;

use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

use super::{ClassMetrics, ClassificationReport};

/// Above this many labels the printed report leaves the matrix out.
const MOST_PRINTED: usize = 30;
/// A matrix that is wider names its columns by number. In terminal columns.
const WIDEST_MATRIX: usize = 100;
/// Longer labels are cut. In terminal columns.
const WIDEST_LABEL: usize = 24;

impl fmt::Display for ClassificationReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "examples     {:>7}", self.examples)?;
        writeln!(f, "accuracy     {:>7.4}", self.accuracy)?;
        writeln!(f, "macro F1     {:>7.4}", self.macro_f1)?;
        writeln!(f, "weighted F1  {:>7.4}", self.weighted_f1)?;
        writeln!(f, "MCC          {:>7.4}", self.mcc)?;
        let widest = write_classes(f, &self.per_class)?;
        let names: Vec<String> = self.labels.iter().map(|label| printable(label)).collect();
        if self.labels.len() <= MOST_PRINTED {
            self.write_matrix(f, &names, widest)?;
        } else {
            writeln!(
                f,
                "\nThe confusion matrix of {} labels is too large to print.",
                self.labels.len()
            )?;
        }
        self.write_unknown(f)
    }
}

impl ClassificationReport {
    /// Writes the matrix with its columns named, or numbered where names would make it too wide.
    fn write_matrix(&self, f: &mut fmt::Formatter<'_>, names: &[String], widest: usize) -> fmt::Result {
        let digits = self
            .confusion_matrix
            .iter()
            .flatten()
            .max()
            .map_or(1, |count| count.to_string().len());
        let total: usize = names.iter().map(|name| name.width().max(digits) + 2).sum();
        let numbered = widest + total > WIDEST_MATRIX;
        let numbers: Vec<String> = (1..=names.len()).map(|number| number.to_string()).collect();
        let (heads, rows): (&[String], Vec<String>) = if numbered {
            let last = names.len().to_string().len();
            (
                &numbers,
                names
                    .iter()
                    .zip(&numbers)
                    .map(|(name, number)| format!("{number:>last$} {name}"))
                    .collect(),
            )
        } else {
            (names, names.to_vec())
        };
        let widest = rows.iter().map(|row| row.width()).max().unwrap_or(0);
        writeln!(f, "\nconfusion matrix (rows: gold, columns: predicted)")?;
        write!(f, "{}", padded("", widest))?;
        for head in heads {
            write!(f, "  {}{head}", " ".repeat(digits.saturating_sub(head.width())))?;
        }
        writeln!(f)?;
        for (row, counts) in rows.iter().zip(&self.confusion_matrix) {
            write!(f, "{}", padded(row, widest))?;
            for (head, count) in heads.iter().zip(counts) {
                write!(f, "  {count:>width$}", width = head.width().max(digits))?;
            }
            writeln!(f)?;
        }
        Ok(())
    }

    fn write_unknown(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.unknown_labels.is_empty() {
            return Ok(());
        }
        let known = self.labels.len() - self.unknown_labels.len().min(self.labels.len());
        let examples: u64 = self.per_class.iter().skip(known).map(|class| class.support).sum();
        let shown: Vec<String> = self
            .unknown_labels
            .iter()
            .take(MOST_PRINTED)
            .map(|label| printable(label))
            .collect();
        let more = if self.unknown_labels.len() > MOST_PRINTED {
            ", …"
        } else {
            ""
        };
        let labels = shown.join(", ");
        writeln!(
            f,
            "\n{examples} of {} examples counted as wrong because the model cannot say their labels: {labels}{more}",
            self.examples
        )
    }
}

/// Writes the scores of each label; gives the width of the labels' column.
pub(super) fn write_classes(f: &mut fmt::Formatter<'_>, classes: &[ClassMetrics]) -> Result<usize, fmt::Error> {
    let names: Vec<String> = classes.iter().map(|class| printable(&class.label)).collect();
    let widest = names.iter().map(|name| name.width()).max().unwrap_or(0);
    let widest = widest.max("label".len());
    writeln!(f, "\n{}  precision  recall      F1  support", padded("label", widest))?;
    for (class, name) in classes.iter().zip(&names) {
        let ClassMetrics {
            precision,
            recall,
            f1,
            support,
            ..
        } = class;
        writeln!(
            f,
            "{}  {precision:>9.4}  {recall:>6.4}  {f1:>6.4}  {support:>7}",
            padded(name, widest)
        )?;
    }
    Ok(widest)
}

/// How many there are of what has `one` as its words, or `several`.
pub(crate) fn counted(count: u64, [one, several]: [&str; 2]) -> String {
    format!("{count} {}", if count == 1 { one } else { several })
}

/// Fills up with spaces to a width in terminal columns, where an East Asian character takes two.
pub(super) fn padded(text: &str, width: usize) -> String {
    format!("{text}{}", " ".repeat(width.saturating_sub(text.width())))
}

/// A label on one line and of limited width.
pub(super) fn printable(label: &str) -> String {
    let label: String = label
        .chars()
        .map(|c| if c.is_control() { '\u{fffd}' } else { c })
        .collect();
    if label.width() <= WIDEST_LABEL {
        return label;
    }
    let mut width = 0;
    let fits = |c: &char| {
        width += c.width().unwrap_or(0);
        width < WIDEST_LABEL
    };
    let mut cut: String = label.chars().take_while(fits).collect();
    cut.push('…');
    cut
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metrics::tests::report;
    use crate::metrics::{GoldLabel, classification_report};

    #[test]
    fn tables_align_wide_characters() {
        let printed = report(&["喜び", "喜び", "x", "neutral"], &[0, 1, 1, 0], &["喜び", "x"]).to_string();
        let expected = "\
examples           4
accuracy      0.5000
macro F1      0.3889
weighted F1   0.4167
MCC           0.2236

label    precision  recall      F1  support
喜び        0.5000  0.5000  0.5000        2
x           0.5000  1.0000  0.6667        1
neutral     0.0000  0.0000  0.0000        1

confusion matrix (rows: gold, columns: predicted)
         喜び  x  neutral
喜び        1  1        0
x           0  1        0
neutral     1  0        0

1 of 4 examples counted as wrong because the model cannot say their labels: neutral
";
        assert_eq!(printed, expected);
    }

    #[test]
    fn wide_matrices_number_their_columns() {
        let names: Vec<String> = (0..12).map(|index| format!("a rather long label {index}\n")).collect();
        let gold: Vec<GoldLabel> = (0..12).map(GoldLabel::Known).collect();
        let predicted: Vec<usize> = (0..12).collect();
        let printed = classification_report(&gold, &predicted, &names)
            .expect("valid")
            .to_string();
        assert!(printed.contains("\n12 a rather long label 11\u{fffd}  0"), "{printed}");
        assert!(printed.lines().all(|line| line.width() <= WIDEST_MATRIX), "{printed}");
        let many: Vec<String> = (0..31).map(|index| index.to_string()).collect();
        let printed = classification_report(&gold, &predicted, &many)
            .expect("valid")
            .to_string();
        assert!(printed.contains("matrix of 31 labels is too large"), "{printed}");
    }
}
