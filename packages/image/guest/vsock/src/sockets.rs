//! The few calls on sockets and descriptors that the standard library has not.

use std::ffi::c_int;
use std::io;
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd, RawFd};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::net::UnixStream;
use std::path::Path;

fn checked(result: c_int) -> io::Result<c_int> {
    if result < 0 {
        Err(io::Error::last_os_error())
    } else {
        Ok(result)
    }
}

/// Connects without waiting: a full backlog is `WouldBlock`.
pub fn connect(path: &Path) -> io::Result<UnixStream> {
    let bytes = path.as_os_str().as_bytes();
    // SAFETY: zeroes are a valid sockaddr_un.
    let mut address: libc::sockaddr_un = unsafe { std::mem::zeroed() };
    if bytes.len() >= address.sun_path.len() || bytes.contains(&0) {
        return Err(io::ErrorKind::InvalidInput.into());
    }
    address.sun_family = libc::AF_UNIX as libc::sa_family_t;
    for (to, from) in address.sun_path.iter_mut().zip(bytes) {
        *to = *from as libc::c_char;
    }
    // SAFETY: no memory is passed; the descriptor is owned from here on.
    let socket = unsafe {
        let kind = libc::SOCK_STREAM | libc::SOCK_NONBLOCK | libc::SOCK_CLOEXEC;
        UnixStream::from_raw_fd(checked(libc::socket(libc::AF_UNIX, kind, 0))?)
    };
    // SAFETY: the address lives during the call and its size is given.
    checked(unsafe {
        libc::connect(
            socket.as_raw_fd(),
            std::ptr::addr_of!(address).cast(),
            std::mem::size_of_val(&address) as libc::socklen_t,
        )
    })?;
    Ok(socket)
}

/// Descriptors that are watched, each by a number.
pub struct Watch(OwnedFd);

impl Watch {
    pub fn new() -> io::Result<Self> {
        // SAFETY: no memory is passed; the descriptor is owned from here on.
        Ok(Watch(unsafe { OwnedFd::from_raw_fd(checked(libc::epoll_create1(libc::EPOLL_CLOEXEC))?) }))
    }

    pub fn fd(&self) -> RawFd {
        self.0.as_raw_fd()
    }

    fn control(&self, what: c_int, fd: RawFd, number: u64, reads: bool, writes: bool) {
        let mut events = 0;
        if reads {
            events |= libc::EPOLLIN;
        }
        if writes {
            events |= libc::EPOLLOUT;
        }
        let mut event = libc::epoll_event { events: events as u32, u64: number };
        // SAFETY: the event lives during the call. A descriptor that is gone already is what is wanted of a removal.
        unsafe { libc::epoll_ctl(self.fd(), what, fd, &mut event) };
    }

    pub fn add(&self, fd: RawFd, number: u64, reads: bool, writes: bool) {
        self.control(libc::EPOLL_CTL_ADD, fd, number, reads, writes);
    }

    pub fn change(&self, fd: RawFd, number: u64, reads: bool, writes: bool) {
        self.control(libc::EPOLL_CTL_MOD, fd, number, reads, writes);
    }

    pub fn remove(&self, fd: RawFd) {
        self.control(libc::EPOLL_CTL_DEL, fd, 0, false, false);
    }

    /// What has happened, without waiting: number, events.
    pub fn take(&self) -> Vec<(u64, c_int)> {
        let mut events = [libc::epoll_event { events: 0, u64: 0 }; 64];
        // SAFETY: the array lives during the call and its length is given.
        let count = unsafe { libc::epoll_wait(self.fd(), events.as_mut_ptr(), events.len() as c_int, 0) };
        events[..count.max(0) as usize].iter().map(|event| (event.u64, event.events as c_int)).collect()
    }
}

/// A timer that ticks every so many milliseconds while it is on.
pub struct Ticker(OwnedFd);

impl Ticker {
    pub fn new() -> io::Result<Self> {
        let flags = libc::TFD_NONBLOCK | libc::TFD_CLOEXEC;
        // SAFETY: no memory is passed; the descriptor is owned from here on.
        Ok(Ticker(unsafe { OwnedFd::from_raw_fd(checked(libc::timerfd_create(libc::CLOCK_MONOTONIC, flags))?) }))
    }

    pub fn fd(&self) -> RawFd {
        self.0.as_raw_fd()
    }

    /// Turns it on with a period, or off with 0.
    pub fn set(&self, milliseconds: i64) {
        let period = libc::timespec { tv_sec: 0, tv_nsec: milliseconds * 1_000_000 };
        let setting = libc::itimerspec { it_interval: period, it_value: period };
        // SAFETY: the setting lives during the call; the old one is not asked for.
        unsafe { libc::timerfd_settime(self.fd(), 0, &setting, std::ptr::null_mut()) };
    }

    /// Takes the ticks that have been.
    pub fn take(&self) {
        let mut ticks = [0u8; 8];
        // SAFETY: the buffer has the eight bytes of a tick count.
        unsafe { libc::read(self.fd(), ticks.as_mut_ptr().cast(), ticks.len()) };
    }
}

/// Nobody but the owner may reach the sockets that this process makes.
pub fn private_files() {
    // SAFETY: no memory is passed.
    unsafe { libc::umask(0o077) };
}
