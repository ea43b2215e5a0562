//! Shares each step of a run among replicas: programs that hold the same model and data and each compute some rows of every
//! micro-batch.
//!
//! All add up everybody's gradients in the same order and take the same optimizer step, so that their weights stay equal to
//! the last bit. Where they run and how bytes get from one to the other is the [`Collective`]'s matter: a browser without
//! shared memory has workers that post messages.

use std::collections::BTreeMap;
use std::ops::Range;

use burn::module::{Module, ModuleVisitor, Param};
use burn::tensor::{Device, Tensor, TensorData};
use safetensors::tensor::{Dtype, TensorView};
use safetensors::{SafeTensors, serialize};

use super::HostFuture;
use crate::error::Result;
use crate::examples::host_values;

/// Elements of a gradient that are sent, or left out because all are zero, together. Of an embedding only the rows of the
/// batch's tokens are not.
const BLOCK: usize = 64;

/// Most elements that are sent at once, unless one parameter has more: what is packed lies beside the gradients in memory.
const GROUP: usize = 1 << 21;

/// What the names of the tensors that place the blocks begin with.
const PLACES: &str = "places of ";

/// Which part of each micro-batch a replica computes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Share {
    /// The number of this replica. Number 0 evaluates, keeps checkpoints and tells what happens; the others only compute.
    pub rank: usize,
    /// How many there are.
    pub replicas: usize,
}

impl Share {
    /// There is one that computes everything.
    pub const WHOLE: Self = Self { rank: 0, replicas: 1 };

    /// Whether this replica speaks for all.
    pub fn is_first(self) -> bool {
        self.rank == 0
    }

    /// The rows that are this replica's of `rows`.
    pub fn rows(self, rows: usize) -> Range<usize> {
        let start = |rank| rank * rows / self.replicas;
        start(self.rank)..start(self.rank + 1)
    }
}

/// The way to the other replicas of a run; by default there are none.
pub trait Collective {
    /// Which part of each micro-batch this program computes.
    fn share(&self) -> Share {
        Share::WHOLE
    }
    /// Sends `own` to all replicas and gives what each sent, by rank; `None` where one is lost, and the first is to go on
    /// alone.
    fn all_gather(&mut self, own: Vec<u8>) -> HostFuture<'_, Option<Vec<Vec<u8>>>> {
        Box::pin(std::future::ready(Some(vec![own])))
    }
}

/// Paths of the parameters that learn, in the groups whose gradients are sent together.
#[derive(Debug, Default)]
pub struct Groups {
    groups: Vec<Vec<String>>,
    /// Elements of the last group.
    elements: usize,
    path: Vec<String>,
}

impl Groups {
    /// Those of `module`, which has the same in every replica.
    pub fn of<M: Module>(module: &M) -> Self {
        let mut groups = Self::default();
        module.visit(&mut groups);
        groups
    }
}

impl ModuleVisitor for Groups {
    fn enter_module(&mut self, name: &str, _container_type: &str) {
        self.path.push(name.to_owned());
    }

    fn exit_module(&mut self, _name: &str, _container_type: &str) {
        self.path.pop();
    }

    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
        if !param.is_require_grad() {
            return;
        }
        let elements = param.val().shape().num_elements();
        if self.groups.is_empty() || self.elements + elements > GROUP {
            self.groups.push(Vec::new());
            self.elements = 0;
        }
        self.elements += elements;
        let path = self.path.join(".");
        self.groups.last_mut().expect("one was pushed").push(path);
    }
}

/// The sums of flat tensors by name over all replicas, on `device`; a name that one does not have counts as zeros there, and
/// names in no group come with the last. Nothing where a replica is lost. A sync point.
///
/// # Errors
/// If the device fails.
pub async fn all_reduce(
    mut own: BTreeMap<String, Tensor<1>>,
    groups: &Groups,
    replicas: &mut dyn Collective,
    device: &Device,
) -> Result<Option<BTreeMap<String, Tensor<1>>>> {
    let mut all = BTreeMap::new();
    for (number, group) in (1..).zip(&groups.groups) {
        let mut sent: Vec<(String, Tensor<1>)> = group.iter().filter_map(|name| own.remove_entry(name)).collect();
        if number == groups.groups.len() {
            sent.extend(std::mem::take(&mut own));
        }
        let mut packed = Vec::new();
        for (name, values) in sent {
            packed.push(Packed::of(name, &host_values(values).await?));
        }
        let own_message = message(&packed);
        drop(packed);
        let Some(messages) = replicas.all_gather(own_message).await else {
            return Ok(None);
        };
        let mut sums = BTreeMap::new();
        for message in messages {
            if add(&message, &mut sums).is_none() {
                return Ok(None);
            }
        }
        all.extend(sums.into_iter().map(|(name, values)| {
            let len = values.len();
            (name, Tensor::from_data(TensorData::new(values, [len]), device))
        }));
    }
    Ok(Some(all))
}

/// A flat tensor without its blocks of zeros.
struct Packed {
    name: String,
    /// The number of elements, then the numbers of the blocks that follow; little-endian.
    places: Vec<u8>,
    /// These blocks, the last one filled up; little-endian.
    values: Vec<u8>,
}

impl Packed {
    fn of(name: String, elements: &[f32]) -> Self {
        let mut places = (elements.len() as u32).to_le_bytes().to_vec();
        let mut values = Vec::new();
        for (place, block) in (0u32..).zip(elements.chunks(BLOCK)) {
            // All bits but the sign, without a branch: most blocks of an embedding are read for this alone.
            let bits = block.iter().fold(0, |bits, element| bits | element.to_bits() << 1);
            if bits != 0 {
                places.extend(place.to_le_bytes());
                let mut bytes = [0; 4 * BLOCK];
                for (bytes, element) in bytes.as_chunks_mut::<4>().0.iter_mut().zip(block) {
                    *bytes = element.to_le_bytes();
                }
                values.extend_from_slice(&bytes);
            }
        }
        Self { name, places, values }
    }
}

/// The bytes that a replica sends.
fn message(packed: &[Packed]) -> Vec<u8> {
    let view =
        |dtype, bytes| TensorView::new(dtype, vec![<[u8]>::len(bytes) / 4], bytes).expect("four bytes an element");
    let tensors = packed.iter().flat_map(|tensor| {
        [
            (format!("{PLACES}{}", tensor.name), view(Dtype::U32, &tensor.places)),
            (tensor.name.clone(), view(Dtype::F32, &tensor.values)),
        ]
    });
    serialize(tensors, None).expect("memory takes any bytes")
}

/// Adds what a replica sent; nothing where it is damaged.
fn add(message: &[u8], sums: &mut BTreeMap<String, Vec<f32>>) -> Option<()> {
    let message = SafeTensors::deserialize(message).ok()?;
    for name in message.names().into_iter().filter(|name| !name.starts_with(PLACES)) {
        let places = message.tensor(&format!("{PLACES}{name}")).ok()?;
        let mut places = places
            .data()
            .as_chunks::<4>()
            .0
            .iter()
            .map(|place| u32::from_le_bytes(*place) as usize);
        let len = places.next()?;
        let sum = sums.entry(name.to_owned()).or_insert_with(|| vec![0.0; len]);
        let values = message.tensor(name).ok()?;
        for (place, block) in places.zip(values.data().chunks_exact(4 * BLOCK)) {
            let range = place.checked_mul(BLOCK)?..len.min((place + 1).checked_mul(BLOCK)?);
            let block = block.as_chunks::<4>().0.iter().map(|bytes| f32::from_le_bytes(*bytes));
            for (sum, element) in sum.get_mut(range)?.iter_mut().zip(block) {
                *sum += element;
            }
        }
    }
    Some(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_cover_every_row_once() {
        for (rows, replicas) in [(8, 2), (5, 2), (1, 3), (7, 4)] {
            let shares = (0..replicas).map(|rank| Share { rank, replicas });
            let covered: Vec<usize> = shares.flat_map(|share| share.rows(rows)).collect();
            assert_eq!(covered, (0..rows).collect::<Vec<_>>());
        }
    }

    #[test]
    fn blocks_of_zeros_are_left_out_and_sums_are_whole() {
        let mut first = vec![0.0; 3 * BLOCK + 5];
        let mut second = first.clone();
        (first[BLOCK], second[BLOCK], second[3 * BLOCK + 4]) = (1.5, 2.0, -3.0);
        let messages = [
            message(&[Packed::of("a".to_owned(), &first), Packed::of("b".to_owned(), &[4.0])]),
            message(&[Packed::of("a".to_owned(), &second)]),
        ];
        assert!(
            messages[1].len() < 4 * second.len() / 2 + 4 * BLOCK + 200,
            "{}",
            messages[1].len()
        );
        let mut sums = BTreeMap::new();
        for message in &messages {
            add(message, &mut sums).expect("whole");
        }
        let sum: Vec<f32> = first
            .iter()
            .zip(&second)
            .map(|(first, second)| first + second)
            .collect();
        assert_eq!(sums["a"], sum);
        assert_eq!(sums["b"], [4.0]);
    }

    #[test]
    fn a_damaged_message_is_not_added() {
        let whole = message(&[Packed::of("a".to_owned(), &[1.0; BLOCK])]);
        assert_eq!(add(&whole[..whole.len() - 1], &mut BTreeMap::new()), None);
        let mut longer = BTreeMap::from([("a".to_owned(), vec![0.0; 3])]);
        assert_eq!(add(&whole, &mut longer), None);
    }
}
