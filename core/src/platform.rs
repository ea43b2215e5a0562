//! Holds what differs between native builds and the browser: the only file of the core that asks for the target.

use burn::tensor::wgpu::WgpuBackend;

/// The graphics interfaces to try, best first. OpenGL is left out: where nothing better reaches a GPU, the CPU backend is
/// faster, and asking for it makes graphics libraries print to stderr on machines without a display.
#[cfg(not(target_family = "wasm"))]
pub const GRAPHICS_APIS: &[WgpuBackend] = &[WgpuBackend::Vulkan, WgpuBackend::Metal, WgpuBackend::Dx12];

/// The graphics interfaces to try, best first.
#[cfg(target_family = "wasm")]
pub const GRAPHICS_APIS: &[WgpuBackend] = &[WgpuBackend::Auto];

/// How many computations are handed to the GPU at once, where it is not for cubecl to say.
#[cfg(not(target_family = "wasm"))]
pub const TASKS_AT_ONCE: Option<usize> = None;

/// How many computations are handed to the GPU at once: a browser passes each batch on to another process.
#[cfg(target_family = "wasm")]
pub const TASKS_AT_ONCE: Option<usize> = Some(128);

/// Whether vectors have four numbers at most, for which [`crate::kernels`] multiplies matrices itself.
pub const NARROW_VECTORS: bool = cfg!(target_family = "wasm");
