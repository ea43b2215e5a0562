//! Compares two rows of numbers: Pearson's and Spearman's correlation, and the cosine of two vectors.

/// Pearson's correlation of as many pairs as both rows have; not a number where a row is constant or empty.
pub fn pearson(a: &[f64], b: &[f64]) -> f64 {
    let count = a.len().min(b.len()) as f64;
    let mean = |row: &[f64]| row.iter().sum::<f64>() / count;
    let (mean_a, mean_b) = (mean(a), mean(b));
    let (mut product, mut square_a, mut square_b) = (0.0, 0.0, 0.0);
    for (a, b) in a.iter().zip(b) {
        product += (a - mean_a) * (b - mean_b);
        square_a += (a - mean_a).powi(2);
        square_b += (b - mean_b).powi(2);
    }
    product / (square_a * square_b).sqrt()
}

/// Spearman's correlation: Pearson's of the ranks, where equal values share the mean of theirs.
pub fn spearman(a: &[f64], b: &[f64]) -> f64 {
    pearson(&ranks(a), &ranks(b))
}

fn ranks(values: &[f64]) -> Vec<f64> {
    let mut order: Vec<usize> = (0..values.len()).collect();
    order.sort_by(|&a, &b| values[a].total_cmp(&values[b]));
    let mut ranks = vec![0.0; values.len()];
    let mut below = 0;
    for equal in order.chunk_by(|&a, &b| values[a] == values[b]) {
        for &index in equal {
            ranks[index] = below as f64 + (equal.len() - 1) as f64 / 2.0;
        }
        below += equal.len();
    }
    ranks
}

/// The cosine of the angle between two vectors; not a number where one is zero.
pub fn cosine(a: &[f32], b: &[f32]) -> f64 {
    let dot = |a: &[f32], b: &[f32]| -> f64 { a.iter().zip(b).map(|(a, b)| f64::from(*a) * f64::from(*b)).sum() };
    dot(a, b) / (dot(a, a) * dot(b, b)).sqrt()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn correlations_equal_scipys() {
        // scipy.stats.pearsonr and spearmanr of the same rows.
        let (a, b) = ([1.0, 2.0, 2.0, 4.0, 7.0], [0.5, 3.0, 1.0, 1.0, 9.0]);
        assert!((pearson(&a, &b) - 0.8601490359336654).abs() < 1e-12);
        assert!((spearman(&a, &b) - 0.7631578947368421).abs() < 1e-12);
    }

    #[test]
    fn only_order_counts_for_ranks() {
        let a: Vec<f64> = (0..9).map(f64::from).collect();
        let b: Vec<f64> = a.iter().map(|x| x.exp()).collect();
        assert_eq!(spearman(&a, &b), 1.0);
        let reversed: Vec<f64> = b.iter().rev().copied().collect();
        assert_eq!(spearman(&a, &reversed), -1.0);
    }

    #[test]
    fn constant_rows_have_no_correlation() {
        assert!(pearson(&[1.0, 1.0], &[1.0, 2.0]).is_nan());
        assert!(spearman(&[], &[]).is_nan());
    }

    #[test]
    fn cosine_is_of_the_angle() {
        assert!((cosine(&[3.0, 0.0], &[2.0, 2.0]) - 0.5f64.sqrt()).abs() < 1e-12);
        assert!(cosine(&[0.0], &[1.0]).is_nan());
    }
}
