//! One stream between a guest's socket and a Unix socket of the host, with the credit of both directions.
//! Each direction ends by itself: that is how the end of a process's output reaches the host while its exit is still to come.
//! An end that the guest has set is passed on with the socket still open; it closes once the host has closed it, or written to it. What closes
//! at once was cut, by the guest, by the loss of the guest's device, or by the end of this process, and the host can tell one from the other.

use std::collections::VecDeque;
use std::io::{ErrorKind, Read, Write};
use std::net::Shutdown;
use std::num::Wrapping;
use std::os::unix::net::UnixStream;

use crate::packet::*;

/// What a guest may send before the host has taken it.
pub const BUFFER: u32 = 256 * 1024;

/// The ports of a stream: the host's, the guest's.
pub type Ports = (u32, u32);

pub struct Stream {
    pub ports: Ports,
    pub socket: UnixStream,
    /// The guest has accepted it, or the host has.
    pub open: bool,
    /// The guest has asked for it and said nothing since.
    fresh: bool,
    /// The guest knows it no more; what it sent still goes to the host.
    pub closing: bool,
    /// The guest has ended both directions, and the host has all of it: the socket waits for the host to close it.
    ended_whole: bool,
    /// There is something to read from the socket, or its end.
    pub readable: bool,
    /// The socket is not watched any more: its other end has closed.
    pub hung: bool,
    /// It is among those that wait for their turn to give the guest a packet.
    pub queued: bool,
    /// What is to be told to the guest, bits by the packets' operations.
    due: u32,
    off_due: u32,
    off_told: u32,
    host_ended: bool,
    guest_off: u32,
    out: VecDeque<u8>,
    forwarded: Wrapping<u32>,
    told_forwarded: Wrapping<u32>,
    guest_buffer: u32,
    guest_forwarded: Wrapping<u32>,
    sent: Wrapping<u32>,
    asked_credit: bool,
}

impl Stream {
    fn new(ports: Ports, socket: UnixStream, first: u16) -> Self {
        Stream {
            ports,
            socket,
            open: first == RESPONSE,
            fresh: first == RESPONSE,
            closing: false,
            ended_whole: false,
            readable: false,
            hung: false,
            queued: false,
            due: 1 << first,
            off_due: 0,
            off_told: 0,
            host_ended: false,
            guest_off: 0,
            out: VecDeque::new(),
            forwarded: Wrapping(0),
            told_forwarded: Wrapping(0),
            guest_buffer: 0,
            guest_forwarded: Wrapping(0),
            sent: Wrapping(0),
            asked_credit: false,
        }
    }

    /// A stream that the guest asked for and the host has accepted.
    pub fn from_guest(ports: Ports, socket: UnixStream, request: &Header) -> Self {
        let mut stream = Stream::new(ports, socket, RESPONSE);
        stream.credit(request);
        stream
    }

    /// A stream that the host asks for.
    pub fn from_host(ports: Ports, socket: UnixStream) -> Self {
        Stream::new(ports, socket, REQUEST)
    }

    /// Whether the socket is to be watched for something to read and for room to write.
    pub fn wants(&self) -> (bool, bool) {
        let reads = self.open && !self.host_ended && !self.readable && !self.closing;
        (reads || self.waits_for_host(), !self.out.is_empty())
    }

    /// Whether there may be a packet for the guest.
    pub fn has_something(&self) -> bool {
        !self.closing
            && (self.due != 0 || self.off_due != 0 || (self.can_read() && (self.room() > 0 || !self.asked_credit)))
    }

    /// Everything that the guest sent is with the host.
    pub fn is_drained(&self) -> bool {
        self.out.is_empty()
    }

    /// The guest has gone in order and knows it no more; the host has still to close its end.
    pub fn waits_for_host(&self) -> bool {
        self.closing && self.ended_whole && !self.hung
    }

    fn can_read(&self) -> bool {
        self.open && self.readable && !self.host_ended
    }

    fn room(&self) -> u32 {
        // A guest that takes back credit which it gave has none.
        let on_the_way = (self.sent - self.guest_forwarded).0;
        self.guest_buffer.saturating_sub(on_the_way)
    }

    fn credit(&mut self, header: &Header) {
        self.guest_buffer = header.buf_alloc;
        self.guest_forwarded = Wrapping(header.fwd_cnt);
        self.asked_credit = false;
    }

    /// The host's end has closed: nothing can be written any more, and what is left can be read to its end.
    pub fn host_hung_up(&mut self) {
        self.hung = true;
        self.readable = true;
        self.out.clear();
        if self.host_ended {
            self.off_due |= OFF_BOTH & !self.off_told;
        }
    }

    /// Refuses or breaks the stream: the guest is told, and it is gone.
    pub fn reset(&mut self) {
        self.due = 1 << RST;
        self.off_due = 0;
    }

    /// Takes a packet of the guest. False: the guest has ended the stream.
    pub fn take(&mut self, header: &Header, data: &[u8]) -> bool {
        self.credit(header);
        let was_fresh = self.fresh;
        self.fresh = was_fresh && header.op == REQUEST;
        match header.op {
            // A dial that a signal interrupted goes on with a request of its own, from the same socket.
            REQUEST if was_fresh => self.due |= 1 << RESPONSE,
            RESPONSE if !self.open => {
                self.open = true;
                let answer = format!("OK {}\n", self.ports.0);
                self.write(answer.as_bytes(), false);
            }
            RW if self.open && self.guest_off & OFF_SEND == 0 && self.out.len() + data.len() <= BUFFER as usize => {
                self.write(data, true);
            }
            SHUTDOWN => {
                self.guest_off |= header.flags & OFF_BOTH;
                if self.guest_off & OFF_RECEIVE != 0 {
                    self.host_ended = true;
                }
                self.settle();
            }
            CREDIT_UPDATE => (),
            CREDIT_REQUEST => self.due |= 1 << CREDIT_UPDATE,
            RST => return false,
            _ => self.reset(),
        }
        true
    }

    /// Writes on what has waited for room in the socket.
    pub fn flush(&mut self) {
        while !self.out.is_empty() {
            let written = self.socket.write(self.out.as_slices().0);
            match written {
                Ok(count) if count > 0 => {
                    self.out.drain(..count);
                    self.forward(count);
                }
                Err(error) if error.kind() == ErrorKind::Interrupted => (),
                Err(error) if error.kind() == ErrorKind::WouldBlock => return,
                _ => return self.lost(),
            }
        }
        self.settle();
    }

    fn write(&mut self, data: &[u8], counted: bool) {
        if !counted {
            // The answer to CONNECT is no data of the guest: a socket that cannot take 16 bytes at its beginning is broken.
            if self.socket.write_all(data).is_err() {
                self.lost();
            }
            return;
        }
        if self.hung {
            self.forward(data.len());
            return;
        }
        self.out.extend(data);
        self.flush();
    }

    fn lost(&mut self) {
        self.out.clear();
        self.reset();
    }

    fn forward(&mut self, count: usize) {
        self.forwarded += Wrapping(count as u32);
        if (self.forwarded - self.told_forwarded).0 >= BUFFER / 4 {
            self.due |= 1 << CREDIT_UPDATE;
        }
    }

    /// Passes on the ends that the guest has set, once all that it sent before them is with the host.
    fn settle(&mut self) {
        if self.guest_off & OFF_SEND == 0 || !self.out.is_empty() || self.closing {
            return;
        }
        // It fails only when the other end is gone, which is told as that.
        let _ = self.socket.shutdown(Shutdown::Write);
        if self.guest_off & OFF_RECEIVE != 0 {
            self.ended_whole = true;
            self.reset();
        }
    }

    /// The next packet for the guest; data goes into `buffer`, as far as that has room. None: there is none after all.
    pub fn next(&mut self, cid: u64, buffer: &mut [u8]) -> Option<Header> {
        let (op, flags, len) = self.next_op(buffer)?;
        self.told_forwarded = self.forwarded;
        self.due &= !(1 << CREDIT_UPDATE);
        Some(Header {
            src_cid: HOST_CID,
            dst_cid: cid,
            src_port: self.ports.0,
            dst_port: self.ports.1,
            len,
            kind: STREAM,
            op,
            flags,
            buf_alloc: BUFFER,
            fwd_cnt: self.forwarded.0,
        })
    }

    fn next_op(&mut self, buffer: &mut [u8]) -> Option<(u16, u32, u32)> {
        for op in [RST, REQUEST, RESPONSE] {
            if self.due & (1 << op) != 0 {
                self.due &= !(1 << op);
                return Some((op, 0, 0));
            }
        }
        if self.can_read() {
            let most = buffer.len().min(self.room() as usize);
            if most > 0 {
                match self.socket.read(&mut buffer[..most]) {
                    Ok(0) => self.ended(OFF_SEND),
                    Ok(count) => {
                        self.sent += Wrapping(count as u32);
                        return Some((RW, 0, count as u32));
                    }
                    Err(error) if error.kind() == ErrorKind::Interrupted => (),
                    Err(error) if error.kind() == ErrorKind::WouldBlock => self.readable = false,
                    Err(_) => self.ended(OFF_BOTH),
                }
            } else if !self.asked_credit && !buffer.is_empty() {
                self.asked_credit = true;
                return Some((CREDIT_REQUEST, 0, 0));
            }
        }
        if self.off_due != 0 {
            self.off_told |= self.off_due;
            self.off_due = 0;
            return Some((SHUTDOWN, self.off_told, 0));
        }
        if self.due & (1 << CREDIT_UPDATE) != 0 {
            return Some((CREDIT_UPDATE, 0, 0));
        }
        None
    }

    fn ended(&mut self, off: u32) {
        self.host_ended = true;
        self.off_due |= if self.hung { OFF_BOTH } else { off };
    }
}

#[cfg(test)]
mod tests;
