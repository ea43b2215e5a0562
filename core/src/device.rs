//! Chooses where a model runs: a GPU through wgpu, or the CPU.
//!
//! The choice is a run-time value, `auto`, `gpu` or `cpu`; both backends are in every build. One [`ComputeDevice`] is
//! made once and cloned, since a second initialisation of the same adapter is an error.

use burn::backend::DispatchDevice;
use burn::tensor::wgpu::{WgpuBackend, wgpu};
use burn::tensor::{Device, Tensor};

use crate::error::DeviceError;
use crate::examples::host_values;
use crate::kernels::product;
use crate::platform::{GRAPHICS_APIS, TASKS_AT_ONCE};
pub use crate::protocol::DeviceChoice;

/// The product that is measured: eight texts of 64 tokens through the feed-forward layer of a small model.
const MEASURED_TOKENS: usize = 512;
const MEASURED_WIDTH: usize = 384;
const MEASURED_ROUNDS: usize = 4;

/// A device that is ready, and what to say of it.
#[derive(Debug, Clone)]
pub struct ComputeDevice {
    device: Device,
    description: String,
    /// The largest storage buffer that can be bound, in bytes; `None` on the CPU.
    pub max_storage_binding: Option<u64>,
}

impl ComputeDevice {
    /// The CPU backend.
    pub fn cpu(reason: &str) -> Self {
        Self {
            device: Device::flex(),
            description: format!("device: CPU ({reason})"),
            max_storage_binding: None,
        }
    }

    /// Opens the device that `choice` names; the description says which and why.
    pub async fn open(choice: DeviceChoice) -> Result<Self, DeviceError> {
        match choice {
            DeviceChoice::Cpu => Ok(Self::cpu("as asked")),
            DeviceChoice::Gpu => Self::gpu().await.map(|(device, _)| device),
            DeviceChoice::Auto => Ok(match Self::gpu().await {
                Ok((device, AdapterKind::Hardware)) => device,
                Ok((device, AdapterKind::Software)) => Self::cpu(&format!(
                    "the only adapter, {}, is software; --device gpu uses it",
                    device.adapter_name()
                )),
                Err(error) => Self::cpu(&error.to_string().replace("; run with --device cpu", "")),
            }),
        }
    }

    /// The first hardware adapter, else the first in software.
    async fn gpu() -> Result<(Self, AdapterKind), DeviceError> {
        let mut software = None;
        let mut reasons = Vec::new();
        for &api in GRAPHICS_APIS {
            match Self::gpu_through(api).await {
                Ok((device, AdapterKind::Hardware)) => return Ok((device, AdapterKind::Hardware)),
                Ok((device, AdapterKind::Software)) => software = software.or(Some(device)),
                Err(reason) => reasons.push(reason),
            }
        }
        match software {
            Some(device) => Ok((device, AdapterKind::Software)),
            None => Err(DeviceError::NoAdapter {
                reason: reasons.join("; "),
            }),
        }
    }

    async fn gpu_through(api: WgpuBackend) -> Result<(Self, AdapterKind), String> {
        let mut options = Device::wgpu_options().graphics_api(api);
        if let Some(tasks) = TASKS_AT_ONCE {
            options = options.tasks_max(tasks);
        }
        let (device, setup) = match options.init_with_setup_async().await {
            Ok(opened) => opened,
            Err(error) => return Err(format!("{api:?}: {error}")),
        };
        let info = setup.adapter.get_info();
        let kind = match info.device_type {
            wgpu::DeviceType::Cpu => AdapterKind::Software,
            _ => AdapterKind::Hardware,
        };
        let software = match kind {
            AdapterKind::Software => ", in software",
            AdapterKind::Hardware => ", a hardware adapter",
        };
        // A browser does not tell the adapter's name.
        let names = ["device: GPU", &info.name];
        let name = names.into_iter().filter(|name| !name.is_empty()).collect::<Vec<_>>();
        let gpu = Self {
            device,
            description: format!("{} ({:?}{software})", name.join(" "), info.backend),
            max_storage_binding: Some(setup.device.limits().max_storage_buffer_binding_size),
        };
        Ok((gpu, kind))
    }

    /// Whether it is a GPU.
    pub fn is_gpu(&self) -> bool {
        self.max_storage_binding.is_some()
    }

    /// Bytes of the buffers that the GPU's allocator has, those it keeps for later use among them; 0 on the CPU, whose memory is
    /// the program's own. It rarely gives any back, so that after a step it is about the most that the step took.
    pub fn buffer_bytes(&self) -> u64 {
        let usage = self.is_gpu().then(|| self.device.memory_pool_usage()).flatten();
        usage.map_or(0, |usage| usage.bytes_reserved)
    }

    /// burn's device, without autodiff.
    pub fn device(&self) -> &Device {
        &self.device
    }

    /// burn's device with autodiff, for training.
    pub fn autodiff(&self) -> Device {
        self.device.clone().autodiff()
    }

    /// Milliseconds, by the clock `now`, of a matrix product as large as a small model's layer; the shortest of a few, since
    /// the first ones prepare the device. For choosing between devices. A sync point.
    ///
    /// # Errors
    /// If the device fails.
    pub async fn measure(&self, now: &dyn Fn() -> f64) -> Result<f64, DeviceError> {
        let left = Tensor::<2>::ones([MEASURED_TOKENS, MEASURED_WIDTH], &self.device);
        let right = Tensor::<2>::ones([MEASURED_WIDTH, 4 * MEASURED_WIDTH], &self.device);
        let mut shortest = f64::INFINITY;
        for _ in 0..MEASURED_ROUNDS {
            let began = now();
            let sum = product(left.clone(), right.clone()).sum();
            host_values(sum).await?;
            shortest = shortest.min(now() - began);
        }
        Ok(shortest)
    }

    /// One line: which device, and why.
    pub fn description(&self) -> &str {
        &self.description
    }

    fn adapter_name(&self) -> &str {
        self.description
            .trim_start_matches("device: GPU ")
            .split(" (")
            .next()
            .unwrap_or_default()
    }
}

enum AdapterKind {
    Hardware,
    Software,
}

/// Whether tensors of `device` live in host memory, so that reading them back costs nothing.
pub fn is_cpu(device: &Device) -> bool {
    matches!(device.clone().without_autodiff().as_dispatch(), DispatchDevice::Flex(_))
}
