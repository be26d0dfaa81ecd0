//! The vhost-user device: packets out of the guest's send ring into the streams, and back into its receive ring.
//! A guest that breaks the rules of the rings loses packets, never more: no error of it ends this process.

use std::io::{self, Read, Write};
use std::ops::Deref;

use vhost::vhost_user::message::{VhostUserProtocolFeatures, VhostUserVirtioFeatures};
use vhost_user_backend::{VhostUserBackendMut, VringRwLock, VringT};
use virtio_queue::{QueueOwnedT, QueueT};
use vm_memory::{GuestAddressSpace, GuestMemoryAtomic, GuestMemoryMmap};
use vmm_sys_util::epoll::EventSet;
use vmm_sys_util::eventfd::{EventFd, EFD_NONBLOCK};

use crate::packet::{Header, HEADER, MOST_DATA};
use crate::streams::Streams;

/// The rings of the device that are served here; the third, for events, is QEMU's.
const RINGS: usize = 2;
const RECEIVE: usize = 0;
const SEND: usize = 1;
/// The number under which the sockets' events come; those up to the number of rings are taken.
pub const SOCKETS: u16 = 8;

const VERSION_1: u64 = 1 << 32;
const EVENT_IDX: u64 = 1 << 29;

/// Whether QEMU has said where it lies: one that it has not would be looked for, and written, at the beginning of the guest's memory.
fn is_set_up(ring: &VringRwLock) -> bool {
    ring.get_ref().get_queue().ready()
}

type Memory = GuestMemoryAtomic<GuestMemoryMmap>;

pub struct Device {
    cid: u64,
    pub streams: Streams,
    memory: Option<Memory>,
    exit: EventFd,
    buffer: Vec<u8>,
}

impl Device {
    pub fn new(cid: u64, streams: Streams) -> io::Result<Self> {
        let exit = EventFd::new(EFD_NONBLOCK)?;
        Ok(Device { cid, streams, memory: None, exit, buffer: vec![0; MOST_DATA] })
    }

    /// Takes all packets of the guest; false when the ring cannot be read.
    fn take_all(&mut self, ring: &VringRwLock) -> bool {
        let Some(memory) = self.memory.clone() else { return false };
        if !is_set_up(ring) {
            return false;
        }
        loop {
            let _ = ring.disable_notification();
            let mut used = false;
            loop {
                let memory = memory.memory();
                let popped = ring.get_mut().get_queue_mut().pop_descriptor_chain(memory.clone());
                let Some(chain) = popped else { break };
                let head = chain.head_index();
                if let Ok(mut reader) = chain.reader(memory.deref()) {
                    let mut bytes = [0; HEADER];
                    if reader.read_exact(&mut bytes).is_ok() {
                        let header = Header::parse(&bytes);
                        let length = header.len as usize;
                        if length <= MOST_DATA && reader.read_exact(&mut self.buffer[..length]).is_ok() {
                            self.streams.take(&header, &self.buffer[..length]);
                        }
                    }
                }
                used |= ring.add_used(head, 0).is_ok();
            }
            self.tell(ring, used);
            if !matches!(ring.enable_notification(), Ok(true)) {
                return true;
            }
        }
    }

    /// Gives the guest all packets that there are, as far as it has room for them.
    fn give_all(&mut self, ring: &VringRwLock) {
        let Some(memory) = self.memory.clone() else { return };
        if !is_set_up(ring) {
            return;
        }
        loop {
            let _ = ring.disable_notification();
            let mut used = false;
            while self.streams.has_something() {
                let memory = memory.memory();
                let popped = ring.get_mut().get_queue_mut().pop_descriptor_chain(memory.clone());
                let Some(chain) = popped else { break };
                let head = chain.head_index();
                let mut length = 0;
                if let Ok(mut writer) = chain.writer(memory.deref()) {
                    let room = writer.available_bytes().saturating_sub(HEADER).min(MOST_DATA);
                    if writer.available_bytes() >= HEADER {
                        let Some(header) = self.streams.next(&mut self.buffer[..room]) else {
                            ring.get_mut().get_queue_mut().go_to_previous_position();
                            break;
                        };
                        let data = &self.buffer[..header.len as usize];
                        if writer.write_all(&header.bytes()).and_then(|()| writer.write_all(data)).is_ok() {
                            length = HEADER + data.len();
                        }
                    }
                }
                used |= ring.add_used(head, length as u32).is_ok();
            }
            self.tell(ring, used);
            // The guest is asked for a kick only while something waits for its room.
            if !self.streams.has_something() || !matches!(ring.enable_notification(), Ok(true)) {
                return;
            }
        }
    }

    fn tell(&self, ring: &VringRwLock, used: bool) {
        if used && ring.needs_notification().unwrap_or(true) {
            let _ = ring.signal_used_queue();
        }
    }
}

impl VhostUserBackendMut for Device {
    type Bitmap = ();
    type Vring = VringRwLock;

    fn num_queues(&self) -> usize {
        RINGS
    }

    fn max_queue_size(&self) -> usize {
        1024
    }

    fn features(&self) -> u64 {
        VERSION_1 | EVENT_IDX | VhostUserVirtioFeatures::PROTOCOL_FEATURES.bits()
    }

    fn protocol_features(&self) -> VhostUserProtocolFeatures {
        VhostUserProtocolFeatures::MQ | VhostUserProtocolFeatures::CONFIG
    }

    fn set_event_idx(&mut self, _enabled: bool) {
        // The rings know it themselves.
    }

    fn update_memory(&mut self, memory: Memory) -> io::Result<()> {
        self.memory = Some(memory);
        self.streams.started();
        Ok(())
    }

    fn get_config(&self, offset: u32, size: u32) -> Vec<u8> {
        let config = self.cid.to_le_bytes();
        let end = (offset as usize).saturating_add(size as usize);
        config.get(offset as usize..end).map(<[u8]>::to_vec).unwrap_or_default()
    }

    fn exit_event(&self, _thread: usize) -> Option<EventFd> {
        self.exit.try_clone().ok()
    }

    fn handle_event(&mut self, event: u16, _events: EventSet, rings: &[VringRwLock], _thread: usize) -> io::Result<()> {
        if event == SOCKETS {
            self.streams.follow(self.memory.is_some());
        }
        self.take_all(&rings[SEND]);
        self.give_all(&rings[RECEIVE]);
        Ok(())
    }
}
