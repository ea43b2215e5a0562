//! Keeps the keys and values of a text that is being continued.

use burn::tensor::Tensor;

/// Keys and values of the tokens that were read, so that a further one costs no more than itself. They lie in buffers that
/// grow by steps: a graphics card compiles its kernels for each size.
#[derive(Debug)]
pub struct KeyValueCache {
    layers: Vec<LayerCache>,
    length: usize,
    capacity: usize,
}

/// Tokens that the buffers grow by.
pub(super) const GROWTH: usize = 128;

/// Keys and values of one layer, `[1, heads, capacity, head_dim]` each; nothing before the first token.
#[derive(Debug, Default)]
pub(super) struct LayerCache(Option<[Tensor<4>; 2]>);

impl KeyValueCache {
    /// A cache that knows no token yet, for a model of so many layers.
    pub fn new(num_hidden_layers: usize) -> Self {
        Self {
            layers: (0..num_hidden_layers).map(|_| LayerCache::default()).collect(),
            length: 0,
            capacity: 0,
        }
    }

    /// Tokens that it knows.
    pub fn len(&self) -> usize {
        self.length
    }

    /// Whether it knows none.
    pub fn is_empty(&self) -> bool {
        self.length == 0
    }

    /// Sees to it that so many more tokens fit; gives the size of the buffers.
    pub(super) fn make_room(&mut self, new: usize) -> usize {
        self.capacity = self.capacity.max((self.length + new).next_multiple_of(GROWTH));
        self.capacity
    }

    /// From the input upwards.
    pub(super) fn layers(&mut self) -> &mut [LayerCache] {
        &mut self.layers
    }

    /// Notes that so many more tokens are known.
    pub(super) fn read(&mut self, new: usize) {
        self.length += new;
    }
}

impl LayerCache {
    /// Writes `new` keys and values from token `start` on; gives all, `[1, heads, capacity, head_dim]` each.
    pub(super) fn put(&mut self, new: [Tensor<4>; 2], start: usize, capacity: usize) -> [Tensor<4>; 2] {
        let [batch, heads, rows, head_dim] = new[0].dims();
        let zeros = |rows| Tensor::zeros([batch, heads, rows, head_dim], &new[0].device());
        let old = self.0.take().unwrap_or_else(|| [zeros(capacity), zeros(capacity)]);
        let roomy = old.map(|buffer| match capacity - buffer.dims()[2] {
            0 => buffer,
            missing => Tensor::cat(vec![buffer, zeros(missing)], 2),
        });
        let [keys, values] = roomy;
        let [new_keys, new_values] = new;
        let place = [0..batch, 0..heads, start..start + rows, 0..head_dim];
        let buffers = [
            keys.slice_assign(place.clone(), new_keys),
            values.slice_assign(place, new_values),
        ];
        self.0 = Some(buffers.clone());
        buffers
    }
}
