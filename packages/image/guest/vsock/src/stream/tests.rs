//! A stream by itself: packets in, bytes and packets out.

use super::*;

const PORTS: Ports = (109, 4096);

fn packet(op: u16, flags: u32, len: u32, buf_alloc: u32) -> Header {
    Header { op, flags, len, buf_alloc, kind: STREAM, ..Header::default() }
}

fn opened(credit: u32) -> (Stream, UnixStream) {
    let (ours, host) = UnixStream::pair().unwrap();
    ours.set_nonblocking(true).unwrap();
    let mut stream = Stream::from_guest(PORTS, ours, &packet(REQUEST, 0, 0, credit));
    assert_eq!(stream.next(3, &mut []).unwrap().op, RESPONSE);
    (stream, host)
}

fn next(stream: &mut Stream) -> Option<(u16, u32)> {
    stream.next(3, &mut [0; 4096]).map(|header| (header.op, header.flags))
}

#[test]
fn the_end_of_what_the_guest_sends_reaches_the_host_and_the_other_direction_goes_on() {
    let (mut stream, mut host) = opened(4096);
    assert!(stream.take(&packet(RW, 0, 5, 4096), b"hello"));
    assert!(stream.take(&packet(SHUTDOWN, OFF_SEND, 0, 4096), &[]));
    let mut text = String::new();
    host.read_to_string(&mut text).unwrap();
    assert_eq!(text, "hello");
    host.write_all(b"back").unwrap();
    stream.readable = true;
    assert_eq!(next(&mut stream), Some((RW, 0)));
    assert_eq!(next(&mut stream), None);
}

#[test]
fn the_end_waits_for_what_a_slow_host_has_not_taken_yet() {
    let (mut stream, mut host) = opened(4096);
    let data = vec![7; 60_000];
    let mut sent = 0;
    while stream.is_drained() {
        assert!(stream.take(&packet(RW, 0, data.len() as u32, 4096), &data));
        sent += data.len();
    }
    assert!(stream.take(&packet(SHUTDOWN, OFF_BOTH, 0, 4096), &[]));
    while let Some(told) = next(&mut stream) {
        assert_eq!(told.0, CREDIT_UPDATE);
    }
    let mut taken = 0;
    let mut bytes = [0; 8192];
    while !stream.is_drained() {
        taken += host.read(&mut bytes).unwrap();
        stream.flush();
    }
    assert_eq!(next(&mut stream), Some((RST, 0)));
    let mut rest = Vec::new();
    taken += host.read_to_end(&mut rest).unwrap();
    assert_eq!(taken, sent);
}

#[test]
fn a_host_can_tell_the_end_of_all_from_a_stream_that_was_cut() {
    let (mut stream, host) = opened(4096);
    assert!(stream.take(&packet(SHUTDOWN, OFF_BOTH, 0, 4096), &[]));
    stream.closing = true;
    assert!(stream.waits_for_host());
    assert_eq!(stream.wants(), (true, false));
    assert_eq!((&host).read(&mut [0; 8]).unwrap(), 0);
    assert!((&host).write(&[]).is_ok());
    stream.host_hung_up();
    assert!(!stream.waits_for_host());

    let (mut stream, host) = opened(4096);
    assert!(stream.take(&packet(RW, 0, 5, 4096), b"hello"));
    assert!(!stream.take(&packet(RST, 0, 0, 4096), &[]));
    stream.closing = true;
    assert!(!stream.waits_for_host());
    drop(stream);
    assert_eq!((&host).read(&mut [0; 8]).unwrap(), 5);
    assert_eq!((&host).read(&mut [0; 8]).unwrap(), 0);
    assert_eq!((&host).write(&[]).unwrap_err().kind(), ErrorKind::BrokenPipe);
}

#[test]
fn a_dial_that_was_interrupted_is_answered_again_and_one_of_a_stream_in_use_is_none() {
    let (mut stream, _host) = opened(4096);
    assert!(stream.take(&packet(REQUEST, 0, 0, 4096), &[]));
    assert_eq!(next(&mut stream), Some((RESPONSE, 0)));
    assert_eq!(next(&mut stream), None);
    assert!(stream.take(&packet(RW, 0, 2, 4096), b"on"));
    assert!(stream.take(&packet(REQUEST, 0, 0, 4096), &[]));
    assert_eq!(next(&mut stream), Some((RST, 0)));
}

#[test]
fn the_ends_of_the_host_are_told_one_by_one() {
    let (mut stream, mut host) = opened(4096);
    host.shutdown(Shutdown::Write).unwrap();
    stream.readable = true;
    assert_eq!(next(&mut stream), Some((SHUTDOWN, OFF_SEND)));
    assert!(stream.take(&packet(RW, 0, 2, 4096), b"on"));
    let mut bytes = [0; 2];
    host.read_exact(&mut bytes).unwrap();
    drop(host);
    stream.host_hung_up();
    assert_eq!(next(&mut stream), Some((SHUTDOWN, OFF_BOTH)));
    assert_eq!(next(&mut stream), None);
}

#[test]
fn no_more_is_read_than_the_guest_has_room_for() {
    let (mut stream, mut host) = opened(10);
    host.write_all(&[1; 25]).unwrap();
    stream.readable = true;
    let header = stream.next(3, &mut [0; 4096]).unwrap();
    assert_eq!((header.op, header.len), (RW, 10));
    assert_eq!(next(&mut stream), Some((CREDIT_REQUEST, 0)));
    assert_eq!(next(&mut stream), None);
    assert!(!stream.has_something());
    let mut update = packet(CREDIT_UPDATE, 0, 0, 10);
    update.fwd_cnt = 10;
    assert!(stream.take(&update, &[]));
    assert!(stream.has_something());
    assert_eq!(stream.next(3, &mut [0; 4096]).unwrap().len, 10);
}

#[test]
fn a_guest_that_sends_more_than_it_may_is_reset() {
    let (mut stream, _host) = opened(4096);
    let data = vec![7; 64 * 1024];
    for _ in 0..64 {
        stream.take(&packet(RW, 0, data.len() as u32, 4096), &data);
    }
    assert_eq!(next(&mut stream), Some((RST, 0)));
}

#[test]
fn a_guest_that_takes_back_its_credit_gets_nothing_and_harms_nobody() {
    let (mut stream, mut host) = opened(4096);
    host.write_all(&[1; 100]).unwrap();
    stream.readable = true;
    assert_eq!(stream.next(3, &mut [0; 4096]).unwrap().len, 100);
    let mut mad = packet(CREDIT_UPDATE, 0, 0, 1);
    mad.fwd_cnt = u32::MAX;
    assert!(stream.take(&mad, &[]));
    host.write_all(&[1; 100]).unwrap();
    assert_eq!(next(&mut stream), Some((CREDIT_REQUEST, 0)));
}
