//! Finds the two directions in which vectors differ most, for a picture of them: principal components.
//!
//! Orthogonal iteration on the covariance with a few directions more than are asked for, so that it converges fast, and a
//! Rayleigh–Ritz step by Jacobi's rotations. Written here because every crate with an eigensolver changes the features of
//! crates under burn. Nothing is drawn: signs and order follow from the data.

/// Directions of a picture.
pub const DIRECTIONS: usize = 2;
/// Directions that are iterated: what is left out shrinks as their least eigenvalue against the second.
const BLOCK: usize = 8;
/// Steps after which the directions are taken as they are.
const MOST_STEPS: usize = 500;
/// How far a direction may still be from an eigenvector, against the largest eigenvalue.
const TOLERANCE: f64 = 1e-10;

/// Vectors in two dimensions.
#[derive(Debug, Clone, PartialEq)]
pub struct Projection {
    /// Where each vector is, in the order of the vectors.
    pub points: Vec<[f64; DIRECTIONS]>,
    /// The share of the whole variance that each direction has, 0 to 1.
    pub explained: [f64; DIRECTIONS],
}

/// Why there is no picture.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum ProjectionError {
    /// No vector, or one alone.
    #[error("a picture needs at least two vectors, there are {found}")]
    TooFew {
        /// How many there are.
        found: usize,
    },
    /// A vector with something that is no number.
    #[error("vector {vector} holds a value that is not finite")]
    NotFinite {
        /// Which, from 0.
        vector: usize,
    },
}

/// Projects `vectors`, all of one length, onto the two directions of the largest variance. The largest part of a direction is
/// positive, as scikit-learn has it.
///
/// # Errors
/// If there are fewer than two vectors, or a value is not finite.
pub fn project(vectors: &[Vec<f32>]) -> Result<Projection, ProjectionError> {
    if vectors.len() < 2 {
        return Err(ProjectionError::TooFew { found: vectors.len() });
    }
    let is_wrong = |vector: &Vec<f32>| vector.iter().any(|value| !value.is_finite());
    if let Some(vector) = vectors.iter().position(is_wrong) {
        return Err(ProjectionError::NotFinite { vector });
    }
    let centred = centred(vectors);
    let covariance = Symmetric::covariance(&centred);
    let whole = covariance.trace();
    let (values, directions) = covariance.leading();
    let mut explained = [0.0; DIRECTIONS];
    for (explained, value) in explained.iter_mut().zip(values) {
        *explained = if whole > 0.0 { (value / whole).max(0.0) } else { 0.0 };
    }
    let place = |vector: &Vec<f64>| {
        let mut point = [0.0; DIRECTIONS];
        for (at, direction) in point.iter_mut().zip(&directions) {
            *at = dot(vector, direction);
        }
        point
    };
    Ok(Projection {
        points: centred.iter().map(place).collect(),
        explained,
    })
}

fn centred(vectors: &[Vec<f32>]) -> Vec<Vec<f64>> {
    let width = vectors.first().map_or(0, Vec::len);
    let mut mean = vec![0.0; width];
    for vector in vectors {
        for (mean, value) in mean.iter_mut().zip(vector) {
            *mean += f64::from(*value) / vectors.len() as f64;
        }
    }
    let centre = |vector: &Vec<f32>| {
        vector
            .iter()
            .zip(&mean)
            .map(|(value, mean)| f64::from(*value) - mean)
            .collect()
    };
    vectors.iter().map(centre).collect()
}

fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

/// A symmetric matrix, row by row.
struct Symmetric {
    size: usize,
    values: Vec<f64>,
}

impl Symmetric {
    fn covariance(centred: &[Vec<f64>]) -> Self {
        let size = centred.first().map_or(0, Vec::len);
        let mut values = vec![0.0; size * size];
        let divisor = (centred.len() - 1) as f64;
        for vector in centred {
            for (row, &own) in vector.iter().enumerate() {
                let own = own / divisor;
                let upper = &mut values[row * size + row..(row + 1) * size];
                for (value, other) in upper.iter_mut().zip(&vector[row..]) {
                    *value += own * other;
                }
            }
        }
        for row in 0..size {
            for column in 0..row {
                values[row * size + column] = values[column * size + row];
            }
        }
        Self { size, values }
    }

    fn trace(&self) -> f64 {
        (0..self.size).map(|at| self.values[at * self.size + at]).sum()
    }

    fn times(&self, vector: &[f64]) -> Vec<f64> {
        self.values
            .chunks(self.size.max(1))
            .map(|row| dot(row, vector))
            .collect()
    }

    /// The two largest eigenvalues and their directions; fewer where the matrix is smaller.
    fn leading(&self) -> (Vec<f64>, Vec<Vec<f64>>) {
        let mut block: Vec<Vec<f64>> = (0..BLOCK.min(self.size)).map(|number| self.start(number)).collect();
        orthonormalize(&mut block);
        let mut values = Vec::new();
        for _ in 0..MOST_STEPS {
            let images: Vec<Vec<f64>> = block.iter().map(|direction| self.times(direction)).collect();
            let products = block.iter().flat_map(|a| images.iter().map(|b| dot(a, b)));
            let (ritz, rotation) = jacobi(block.len(), products.collect());
            let turned =
                |vectors: &[Vec<f64>]| -> Vec<Vec<f64>> { rotation.iter().map(|row| combined(row, vectors)).collect() };
            let (mut next, directions) = (turned(&images), turned(&block));
            let rest = |at: usize| -> f64 {
                let parts = next[at].iter().zip(&directions[at]);
                parts
                    .map(|(image, part)| (image - ritz[at] * part).powi(2))
                    .sum::<f64>()
                    .sqrt()
            };
            let largest = ritz.first().copied().unwrap_or_default();
            let done = (0..DIRECTIONS.min(next.len())).all(|at| rest(at) <= TOLERANCE * largest);
            values = ritz;
            block = directions;
            if done {
                break;
            }
            orthonormalize(&mut next);
            block = next;
        }
        values.truncate(DIRECTIONS);
        block.truncate(DIRECTIONS);
        block.iter_mut().for_each(|direction| face_up(direction));
        (values, block)
    }

    /// A direction to start from, with a part of everything.
    fn start(&self, number: usize) -> Vec<f64> {
        let angle = |at: usize| ((at + 1) as f64 * (number + 1) as f64 * GOLDEN).sin();
        (0..self.size).map(angle).collect()
    }
}

/// Multiples of it are nowhere near each other modulo a full turn.
const GOLDEN: f64 = 2.399_963_229_728_653;

/// Turns a direction so that its largest part, the first of several, is positive.
fn face_up(direction: &mut [f64]) {
    let largest = direction
        .iter()
        .fold(0.0f64, |most, part| if part.abs() > most.abs() { *part } else { most });
    if largest < 0.0 {
        direction.iter_mut().for_each(|part| *part = -*part);
    }
}

fn combined(factors: &[f64], vectors: &[Vec<f64>]) -> Vec<f64> {
    let mut sum = vec![0.0; vectors.first().map_or(0, Vec::len)];
    for (factor, vector) in factors.iter().zip(vectors) {
        for (sum, part) in sum.iter_mut().zip(vector) {
            *sum += factor * part;
        }
    }
    sum
}

/// Makes vectors perpendicular and of length 1, the first ones first; what is left of one that depends on them becomes zero.
fn orthonormalize(vectors: &mut [Vec<f64>]) {
    for at in 0..vectors.len() {
        let (done, rest) = vectors.split_at_mut(at);
        let own = &mut rest[0];
        let before = dot(own, own).sqrt();
        // Twice: the first time leaves rounding errors where little is left.
        for _ in 0..2 {
            for other in done.iter() {
                let share = dot(own, other);
                for (part, other) in own.iter_mut().zip(other) {
                    *part -= share * other;
                }
            }
        }
        let length = dot(own, own).sqrt();
        let factor = if length > before * 1e-12 { 1.0 / length } else { 0.0 };
        own.iter_mut().for_each(|part| *part *= factor);
    }
}

/// Eigenvalues of a small symmetric matrix, the largest first, and an eigenvector for each.
fn jacobi(size: usize, mut matrix: Vec<f64>) -> (Vec<f64>, Vec<Vec<f64>>) {
    /// Each sweep squares what is off the diagonal: six reach rounding.
    const SWEEPS: usize = 12;
    let mut vectors: Vec<Vec<f64>> = (0..size)
        .map(|row| (0..size).map(|at| f64::from(u8::from(at == row))).collect())
        .collect();
    for _ in 0..SWEEPS {
        for p in 0..size {
            for q in p + 1..size {
                rotate(size, &mut matrix, &mut vectors, [p, q]);
            }
        }
    }
    let mut order: Vec<usize> = (0..size).collect();
    order.sort_by(|&a, &b| matrix[b * size + b].total_cmp(&matrix[a * size + a]));
    let values = order.iter().map(|&at| matrix[at * size + at]).collect();
    (values, order.iter().map(|&at| vectors[at].clone()).collect())
}

/// One rotation, after which `matrix[p][q]` is zero.
fn rotate(size: usize, matrix: &mut [f64], vectors: &mut [Vec<f64>], [p, q]: [usize; 2]) {
    let off = matrix[p * size + q];
    if off == 0.0 {
        return;
    }
    let theta = (matrix[q * size + q] - matrix[p * size + p]) / (2.0 * off);
    let tangent = theta.signum() / (theta.abs() + theta.hypot(1.0));
    let cosine = 1.0 / tangent.hypot(1.0);
    let sine = tangent * cosine;
    for at in 0..size {
        let (a, b) = (matrix[at * size + p], matrix[at * size + q]);
        matrix[at * size + p] = cosine * a - sine * b;
        matrix[at * size + q] = sine * a + cosine * b;
    }
    for at in 0..size {
        let (a, b) = (matrix[p * size + at], matrix[q * size + at]);
        matrix[p * size + at] = cosine * a - sine * b;
        matrix[q * size + at] = sine * a + cosine * b;
        let (a, b) = (vectors[p][at], vectors[q][at]);
        vectors[p][at] = cosine * a - sine * b;
        vectors[q][at] = sine * a + cosine * b;
    }
}

#[cfg(test)]
mod tests {
    use serde::Deserialize;

    use super::*;

    /// Of coordinates of a few units.
    const CLOSE: f64 = 1e-6;

    #[derive(Deserialize)]
    struct Case {
        name: String,
        vectors: Vec<Vec<f32>>,
        points: Vec<[f64; 2]>,
        explained: [f64; 2],
    }

    #[test]
    fn points_are_those_of_scikit_learn() {
        let fixture: serde_json::Value =
            serde_json::from_str(include_str!("../../tests/fixtures/features.json")).expect("JSON");
        let cases: Vec<Case> = serde_json::from_value(fixture["pca"].clone()).expect("the fixture is valid");
        assert_eq!(cases.len(), 3);
        for case in cases {
            let found = project(&case.vectors).expect("a projection");
            for (found, expected) in found.explained.iter().zip(case.explained) {
                assert!((found - expected).abs() < CLOSE, "{}: {found} {expected}", case.name);
            }
            for (found, expected) in found.points.iter().flatten().zip(case.points.iter().flatten()) {
                assert!((found - expected).abs() < CLOSE, "{}: {found} {expected}", case.name);
            }
        }
    }

    #[test]
    fn vectors_that_do_not_differ_are_one_point() {
        let found = project(&vec![vec![3.0, 4.0, 5.0]; 4]).expect("a projection");
        assert_eq!(found.explained, [0.0, 0.0]);
        assert!(
            found.points.iter().flatten().all(|part| part.abs() < 1e-12),
            "{found:?}"
        );
        let line: Vec<Vec<f32>> = (0..5u8).map(|at| vec![f32::from(at)]).collect();
        let found = project(&line).expect("a projection");
        assert_eq!(found.explained, [1.0, 0.0]);
        assert_eq!(found.points[4], [2.0, 0.0]);
    }

    #[test]
    fn what_has_no_picture_is_said() {
        assert_eq!(project(&[vec![1.0]]), Err(ProjectionError::TooFew { found: 1 }));
        let wrong = [vec![1.0], vec![f32::INFINITY]];
        assert_eq!(project(&wrong), Err(ProjectionError::NotFinite { vector: 1 }));
    }
}
