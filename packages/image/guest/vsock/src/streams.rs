//! All streams of one guest: who dials whom, which socket belongs to which ports, and whose turn it is.

use std::collections::{HashMap, VecDeque};
use std::fs;
use std::io::{self, Read};
use std::os::fd::{AsRawFd, RawFd};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use crate::packet::*;
use crate::sockets::{self, Ticker, Watch};
use crate::stream::{Ports, Stream};

/// Most streams at a time: a guest that asks for more is refused.
const MOST_STREAMS: usize = 4096;
/// How long a guest's dial waits for a listener whose backlog is full. Linux gives up a dial after two seconds.
const DIAL_PATIENCE: Duration = Duration::from_secs(2);
const DIAL_AGAIN_MS: i64 = 5;
/// How often a device that was started is looked at until its guest is heard of, milliseconds: at first, and at last.
const LOOK_MS: i64 = 10;
const LAST_LOOK_MS: i64 = 1000;
/// Longest "CONNECT <port>\n".
const MOST_GREETING: usize = 32;
/// The first port that the host's side of its own dials has.
const FIRST_HOST_PORT: u32 = 0xc000_0000;

const LISTENER: u64 = 0;
const TICKER: u64 = 1;
const FIRST_NUMBER: u64 = 2;

struct Dial {
    request: Header,
    until: Instant,
}

struct Greeting {
    socket: UnixStream,
    line: Vec<u8>,
}

pub struct Streams {
    cid: u64,
    path: PathBuf,
    watch: Watch,
    ticker: Ticker,
    listener: UnixListener,
    next_number: u64,
    next_port: u32,
    streams: HashMap<u64, Stream>,
    numbers: HashMap<Ports, u64>,
    greetings: HashMap<u64, Greeting>,
    dials: Vec<Dial>,
    /// The time between two looks at a guest that has not been heard of since its device was started.
    look_ms: Option<i64>,
    /// Streams that may have a packet for the guest, in turn.
    turn: VecDeque<u64>,
    refusals: VecDeque<Header>,
}

impl Streams {
    /// Listens on `path` for the host's dials; the guest's dials to port P go to `<path>_P`.
    pub fn new(cid: u64, path: &Path) -> io::Result<Self> {
        let _ = fs::remove_file(path);
        let listener = UnixListener::bind(path)?;
        listener.set_nonblocking(true)?;
        let (watch, ticker) = (Watch::new()?, Ticker::new()?);
        watch.add(listener.as_raw_fd(), LISTENER, true, false);
        watch.add(ticker.fd(), TICKER, true, false);
        Ok(Streams {
            cid,
            path: path.to_owned(),
            watch,
            ticker,
            listener,
            next_number: FIRST_NUMBER,
            next_port: FIRST_HOST_PORT,
            streams: HashMap::new(),
            numbers: HashMap::new(),
            greetings: HashMap::new(),
            dials: Vec::new(),
            look_ms: None,
            turn: VecDeque::new(),
            refusals: VecDeque::new(),
        })
    }

    /// Readable when something happened to one of the sockets.
    pub fn fd(&self) -> RawFd {
        self.watch.fd()
    }

    /// The device is started. The guest's first kick may come before its ring is enabled, and is lost then; the guest kicks no second time
    /// for as long as nobody has looked.
    pub fn started(&mut self) {
        self.look_ms = Some(LOOK_MS);
        self.tick();
    }

    /// The timer as it is needed now.
    fn tick(&mut self) {
        let dial = if self.dials.is_empty() { None } else { Some(DIAL_AGAIN_MS) };
        self.ticker.set([dial, self.look_ms].into_iter().flatten().min().unwrap_or(0));
    }

    pub fn has_something(&self) -> bool {
        !self.refusals.is_empty() || !self.turn.is_empty()
    }

    /// Takes a packet of the guest.
    pub fn take(&mut self, header: &Header, data: &[u8]) {
        if self.look_ms.take().is_some() {
            self.tick();
        }
        if header.src_cid != self.cid {
            return;
        }
        if header.dst_cid != HOST_CID || header.kind != STREAM {
            return self.refuse(header);
        }
        let ports = (header.dst_port, header.src_port);
        let Some(&number) = self.numbers.get(&ports) else {
            return match header.op {
                REQUEST => self.dial(header),
                _ => self.refuse(header),
            };
        };
        if let Some(stream) = self.streams.get_mut(&number) {
            if !stream.take(header, data) {
                self.forget(number);
            }
            self.after(number);
        }
    }

    /// The next packet for the guest, its data at the beginning of `buffer`.
    pub fn next(&mut self, buffer: &mut [u8]) -> Option<Header> {
        if let Some(refusal) = self.refusals.pop_front() {
            return Some(refusal);
        }
        while let Some(number) = self.turn.pop_front() {
            let Some(stream) = self.streams.get_mut(&number) else { continue };
            stream.queued = false;
            let packet = stream.next(self.cid, buffer);
            if packet.is_some_and(|header| header.op == RST) {
                self.forget(number);
                if self.streams.get(&number).is_some_and(Stream::waits_for_host) {
                    self.after(number);
                } else {
                    self.drop_stream(number);
                }
            } else {
                self.after(number);
            }
            if packet.is_some() {
                return packet;
            }
        }
        None
    }

    /// Acts on what has happened to the sockets.
    pub fn follow(&mut self, guest_listens: bool) {
        for (number, events) in self.watch.take() {
            match number {
                LISTENER => self.accept(guest_listens),
                TICKER => self.dial_again(),
                _ if self.greetings.contains_key(&number) => self.greet(number),
                _ => self.happened(number, events),
            }
        }
    }

    fn happened(&mut self, number: u64, events: i32) {
        let Some(stream) = self.streams.get_mut(&number) else { return };
        if stream.waits_for_host() {
            // It has closed, or it writes to a guest that takes no more.
            return self.drop_stream(number);
        }
        if events & libc::EPOLLOUT != 0 {
            stream.flush();
        }
        if events & (libc::EPOLLHUP | libc::EPOLLERR) != 0 {
            self.watch.remove(stream.socket.as_raw_fd());
            stream.host_hung_up();
        } else if events & libc::EPOLLIN != 0 {
            stream.readable = true;
        }
        self.after(number);
    }

    /// After anything that changed a stream: what is watched, its turn, its end.
    fn after(&mut self, number: u64) {
        let Some(stream) = self.streams.get_mut(&number) else { return };
        if stream.closing && stream.is_drained() && !stream.waits_for_host() {
            return self.drop_stream(number);
        }
        if !stream.hung {
            let (reads, writes) = stream.wants();
            self.watch.change(stream.socket.as_raw_fd(), number, reads, writes);
        }
        if stream.has_something() && !stream.queued {
            stream.queued = true;
            self.turn.push_back(number);
        }
    }

    /// The guest has ended the stream: its ports are free, and what it sent is still written.
    fn forget(&mut self, number: u64) {
        if let Some(stream) = self.streams.get_mut(&number) {
            stream.closing = true;
            self.numbers.remove(&stream.ports);
        }
    }

    fn drop_stream(&mut self, number: u64) {
        let Some(stream) = self.streams.remove(&number) else { return };
        if self.numbers.get(&stream.ports) == Some(&number) {
            self.numbers.remove(&stream.ports);
        }
        // Descriptors are watched until their last copy closes, and this is the only one.
    }

    fn refuse(&mut self, header: &Header) {
        // Never the answer to a refusal; and a guest that takes no answers gets no more of them than it may have streams.
        if header.op != RST && self.refusals.len() < MOST_STREAMS {
            self.refusals.push_back(header.refusal());
        }
    }

    fn keep(&mut self, stream: Stream) {
        let number = self.next_number;
        self.next_number += 1;
        self.watch.add(stream.socket.as_raw_fd(), number, false, false);
        self.numbers.insert(stream.ports, number);
        self.streams.insert(number, stream);
        self.after(number);
    }

    fn dial(&mut self, request: &Header) {
        if self.streams.len() + self.dials.len() >= MOST_STREAMS {
            return self.refuse(request);
        }
        let mut target = self.path.clone().into_os_string();
        target.push(format!("_{}", request.dst_port));
        match sockets::connect(Path::new(&target)) {
            Ok(socket) => {
                let ports = (request.dst_port, request.src_port);
                self.keep(Stream::from_guest(ports, socket, request));
            }
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                self.dials.push(Dial { request: *request, until: Instant::now() + DIAL_PATIENCE });
                self.tick();
            }
            Err(_) => self.refuse(request),
        }
    }

    fn dial_again(&mut self) {
        self.ticker.take();
        self.look_ms = self.look_ms.map(|ms| (2 * ms).min(LAST_LOOK_MS));
        for dial in std::mem::take(&mut self.dials) {
            if Instant::now() >= dial.until {
                self.refuse(&dial.request);
                continue;
            }
            let waiting = self.dials.len();
            self.dial(&dial.request);
            if let Some(again) = self.dials.get_mut(waiting) {
                again.until = dial.until;
            }
        }
        self.tick();
    }

    fn accept(&mut self, guest_listens: bool) {
        while let Ok((socket, _)) = self.listener.accept() {
            // Closed at once while there is no guest: the host sees that its dial came too early.
            if !guest_listens
                || self.streams.len() + self.greetings.len() >= MOST_STREAMS
                || socket.set_nonblocking(true).is_err()
            {
                continue;
            }
            let number = self.next_number;
            self.next_number += 1;
            self.watch.add(socket.as_raw_fd(), number, true, false);
            self.greetings.insert(number, Greeting { socket, line: Vec::new() });
        }
    }

    /// Reads "CONNECT <port>\n", byte by byte: what follows it is the stream's.
    fn greet(&mut self, number: u64) {
        let Some(greeting) = self.greetings.get_mut(&number) else { return };
        let mut byte = [0];
        loop {
            match greeting.socket.read(&mut byte) {
                Ok(1) if byte[0] == b'\n' => break,
                Ok(1) if greeting.line.len() < MOST_GREETING => greeting.line.push(byte[0]),
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return,
                _ => {
                    self.greetings.remove(&number);
                    return;
                }
            }
        }
        let Some(Greeting { socket, line }) = self.greetings.remove(&number) else { return };
        self.watch.remove(socket.as_raw_fd());
        let Some(port) = connect_port(&line) else { return };
        loop {
            let host_port = self.next_port;
            self.next_port = host_port.checked_add(1).unwrap_or(FIRST_HOST_PORT);
            if !self.numbers.contains_key(&(host_port, port)) {
                return self.keep(Stream::from_host((host_port, port), socket));
            }
        }
    }
}

fn connect_port(line: &[u8]) -> Option<u32> {
    let (word, port) = std::str::from_utf8(line).ok()?.split_once(' ')?;
    if !word.eq_ignore_ascii_case("connect") {
        return None;
    }
    port.trim().parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_guest_is_looked_at_until_it_is_heard_of() {
        let path = std::env::temp_dir().join(format!("uvm-vsock-{}", std::process::id()));
        let mut streams = Streams::new(3, &path).unwrap();
        streams.started();
        for _ in 0..3 {
            let mut watched = libc::pollfd { fd: streams.fd(), events: libc::POLLIN, revents: 0 };
            // SAFETY: one descriptor is passed, which lives during the call.
            assert_eq!(unsafe { libc::poll(&mut watched, 1, -1) }, 1);
            streams.follow(true);
        }
        assert_eq!(streams.look_ms, Some(8 * LOOK_MS));
        streams.take(&Header { src_cid: 3, dst_cid: HOST_CID, kind: STREAM, op: RST, ..Header::default() }, &[]);
        assert_eq!(streams.look_ms, None);
        fs::remove_file(path).unwrap();
    }

    #[test]
    fn a_greeting_names_a_port() {
        assert_eq!(connect_port(b"CONNECT 1073741824"), Some(0x4000_0000));
        assert_eq!(connect_port(b"connect 5\r"), Some(5));
        for bad in [&b"CONNECT"[..], b"CONNECT -1", b"DIAL 5", b"CONNECT 4294967296", b"\xff 5"] {
            assert_eq!(connect_port(bad), None);
        }
    }
}
