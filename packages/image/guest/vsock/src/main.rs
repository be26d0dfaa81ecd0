//! The host's side of a guest's vsock device. It serves one VM, for as long as it is not ended:
//!
//!     uvm-vsock --guest-cid <number from 3> --socket <path> --uds-path <path>
//!
//! QEMU connects to `--socket` (vhost-user-vsock-pci), again and again when the device is unplugged for a save and plugged again. A guest's
//! dial to port P of the host is a connection to the Unix socket `<uds-path>_P`; who connects to `<uds-path>` and sends "CONNECT <port>\n"
//! reaches that port of the guest, and is answered "OK <port>\n" first. The arguments are those of vhost-device-vsock. An end of file on such a
//! connection is the guest's own only while the other end of it is open; the host closes first.

mod device;
mod packet;
mod sockets;
mod stream;
mod streams;

use std::env;
use std::fs;
use std::io;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::{Arc, Mutex};

use vhost_user_backend::VhostUserDaemon;
use vm_memory::{GuestMemoryAtomic, GuestMemoryMmap};
use vmm_sys_util::epoll::EventSet;

use device::{Device, SOCKETS};
use streams::Streams;

const USAGE: &str = "uvm-vsock --guest-cid <number from 3> --socket <path> --uds-path <path>";

struct Options {
    cid: u64,
    socket: PathBuf,
    uds: PathBuf,
}

fn options() -> Option<Options> {
    let (mut cid, mut socket, mut uds) = (None, None, None);
    let mut words = env::args_os().skip(1);
    while let Some(word) = words.next() {
        let (name, value) = match word.to_str()?.split_once('=') {
            Some((name, value)) => (name.to_owned(), value.into()),
            None => (word.to_str()?.to_owned(), words.next()?),
        };
        match name.as_str() {
            "--guest-cid" => cid = value.to_str()?.parse().ok().filter(|cid| *cid > 2 && *cid < u64::from(u32::MAX)),
            "--socket" => socket = Some(value.into()),
            "--uds-path" => uds = Some(value.into()),
            _ => return None,
        }
    }
    Some(Options { cid: cid?, socket: socket?, uds: uds? })
}

/// Serves one connection of QEMU, to its end. All streams of the guest end with it.
fn serve(options: &Options) -> io::Result<()> {
    let other = |error: &dyn std::fmt::Display| io::Error::other(error.to_string());
    let streams = Streams::new(options.cid, &options.uds)?;
    let fd = streams.fd();
    let device = Arc::new(Mutex::new(Device::new(options.cid, streams)?));
    let memory = GuestMemoryAtomic::new(GuestMemoryMmap::new());
    let mut daemon = VhostUserDaemon::new("uvm-vsock".into(), device, memory).map_err(|error| other(&error))?;
    for handler in daemon.get_epoll_handlers() {
        handler.register_listener(fd, EventSet::IN, u64::from(SOCKETS))?;
    }
    daemon.serve(&options.socket).map_err(|error| other(&error))
}

fn main() -> ExitCode {
    if env::args().nth(1).as_deref() == Some("--version") {
        println!("uvm-vsock {}", env!("CARGO_PKG_VERSION"));
        return ExitCode::SUCCESS;
    }
    let Some(options) = options() else {
        eprintln!("usage: {USAGE}");
        return ExitCode::from(2);
    };
    sockets::private_files();
    let mut failures = 0;
    loop {
        match serve(&options) {
            Ok(()) => failures = 0,
            Err(error) => {
                eprintln!("uvm-vsock: {error}");
                failures += 1;
            }
        }
        // A socket that cannot be made is no matter of patience.
        if failures == 3 {
            let _ = fs::remove_file(&options.uds);
            return ExitCode::FAILURE;
        }
    }
}
