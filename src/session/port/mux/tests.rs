//! The machine against a scripted agent. No sockets, no sleeps.

use std::collections::BTreeMap;

use bytes::{Bytes, BytesMut};
use formats::smux::{self, Command, Parser, Piece, StreamId};
use proptest::prelude::*;

use super::{Mux, RECEIVE_LIMIT, Received, STREAM_QUEUE, TRANSMIT_LENGTH};

/// Reads what the machine sends, as the agent would.
#[derive(Default)]
struct Agent {
    parser: Parser,
    opened: Vec<StreamId>,
    data: BTreeMap<StreamId, Vec<u8>>,
    ended: Vec<StreamId>,
    nops: usize,
}

impl Agent {
    fn take(&mut self, mux: &mut Mux) {
        while self.take_one(mux) {}
    }

    fn take_one(&mut self, mux: &mut Mux) -> bool {
        let Some(bytes) = mux.poll_transmit() else {
            return false;
        };
        assert!(bytes.len() <= TRANSMIT_LENGTH);
        self.parser.handle(bytes);
        while let Some(piece) = self.parser.poll().unwrap() {
            match piece {
                Piece::Syn(id) => self.opened.push(id),
                Piece::Fin(id) => {
                    assert!(!self.ended.contains(&id), "one FIN a stream");
                    self.ended.push(id);
                }
                Piece::Data(id, data) => {
                    assert!(self.opened.contains(&id) && !self.ended.contains(&id));
                    self.data.entry(id).or_default().extend_from_slice(&data);
                }
                Piece::Nop => self.nops += 1,
            }
        }
        assert!(self.parser.is_between_frames(), "whole frames only");
        true
    }
}

fn frame(command: Command, id: StreamId, data: &[u8]) -> Bytes {
    let mut out = BytesMut::new();
    if command == Command::Psh {
        smux::encode_data_header(&mut out, data.len() as u16, id);
        out.extend_from_slice(data);
    } else {
        smux::encode_control(&mut out, command, id);
    }
    out.freeze()
}

fn data(id: StreamId, data: &[u8]) -> Bytes {
    frame(Command::Psh, id, data)
}

fn fin(id: StreamId) -> Bytes {
    frame(Command::Fin, id, &[])
}

fn received(mux: &mut Mux, id: StreamId) -> Vec<u8> {
    let mut all = Vec::new();
    while let Received::Data(pieces) = mux.receive(id, usize::MAX) {
        pieces.iter().for_each(|piece| all.extend_from_slice(piece));
    }
    all
}

#[test]
fn the_first_bytes_are_those_of_the_official_client() {
    let mut mux = Mux::new();
    assert_eq!(mux.poll_transmit(), None);
    let id = mux.open_stream().unwrap();
    mux.send(id, Bytes::from_static(b"GET /"));
    assert_eq!(
        mux.poll_transmit().unwrap(),
        &b"\x01\x00\x00\x00\x03\x00\x00\x00\x01\x02\x05\x00\x03\x00\x00\x00GET /"[..]
    );
    mux.finish(id);
    assert_eq!(
        mux.poll_transmit().unwrap(),
        &b"\x01\x01\x00\x00\x03\x00\x00\x00"[..]
    );
    assert_eq!(mux.open_stream(), Some(StreamId(5)));
    assert_eq!(mux.open_stream(), Some(StreamId(7)));
}

#[test]
fn a_stream_is_opened_before_it_has_anything_to_say() {
    let mut mux = Mux::new();
    let mut agent = Agent::default();
    let id = mux.open_stream().unwrap();
    agent.take(&mut mux);
    assert_eq!(agent.opened, [id]);
}

#[test]
fn each_direction_ends_on_its_own() {
    let mut mux = Mux::new();
    let mut agent = Agent::default();
    let id = mux.open_stream().unwrap();
    mux.send(id, Bytes::from_static(b"question"));
    mux.finish(id);
    mux.send(id, Bytes::from_static(b"too late"));
    agent.take(&mut mux);
    assert_eq!(agent.data[&id], b"question");
    assert_eq!(agent.ended, [id]);

    mux.handle_data(data(id, b"answer")).unwrap();
    mux.handle_data(fin(id)).unwrap();
    assert_eq!(received(&mut mux, id), b"answer");
    // `received` has taken the end with it, and with both ends closed the stream is gone.
    assert_eq!(mux.open_streams(), 0);

    let other = mux.open_stream().unwrap();
    mux.handle_data(fin(other)).unwrap();
    assert_eq!(mux.receive(other, 1), Received::End);
    assert_eq!(mux.receive(other, 1), Received::Nothing);
    mux.send(other, Bytes::from_static(b"still talking"));
    mux.finish(other);
    agent.take(&mut mux);
    assert_eq!(agent.data[&other], b"still talking");
    assert_eq!(mux.open_streams(), 0);
}

#[test]
fn a_dead_local_end_sends_what_it_said_then_fin_and_drops_the_rest() {
    let mut mux = Mux::new();
    let mut agent = Agent::default();
    let id = mux.open_stream().unwrap();
    mux.send(id, Bytes::from_static(b"last words"));
    mux.handle_data(data(id, &[0; 100])).unwrap();
    mux.discard(id);
    mux.finish(id);
    agent.take(&mut mux);
    assert_eq!(agent.data[&id], b"last words");
    assert_eq!(agent.ended, [id]);
    assert_eq!((mux.open_streams(), mux.buffered), (0, 0));
    mux.handle_data(data(id, b"nobody's")).unwrap();
    mux.handle_data(fin(id)).unwrap();
    assert_eq!(mux.buffered, 0);
    assert_eq!(mux.receive(id, 1), Received::Nothing);
}

#[test]
fn streams_that_the_agent_opens_are_refused() {
    let mut mux = Mux::new();
    mux.handle_data(frame(Command::Syn, StreamId(2), &[]))
        .unwrap();
    mux.handle_data(data(StreamId(2), b"hello")).unwrap();
    assert_eq!(mux.poll_transmit(), Some(fin(StreamId(2))));
    for number in 0..10_000 {
        mux.handle_data(frame(Command::Syn, StreamId(number * 2), &[]))
            .unwrap();
    }
    assert!(mux.control.len() <= super::REFUSALS);
    assert_eq!((mux.open_streams(), mux.buffered), (0, 0));
}

#[test]
fn bytes_that_are_no_smux_end_the_session() {
    let mut mux = Mux::new();
    assert!(
        mux.handle_data(Bytes::from_static(b"SSH-2.0-OpenSSH_9.6\r\n"))
            .is_err()
    );
}

#[test]
fn a_slow_reader_fills_the_session_and_no_more() {
    let mut mux = Mux::new();
    let slow = mux.open_stream().unwrap();
    let piece = [7; 1024];
    let mut sent = 0;
    while mux.has_room() {
        mux.handle_data(data(slow, &piece)).unwrap();
        sent += piece.len();
    }
    assert!(mux.buffered <= RECEIVE_LIMIT + piece.len() + super::PIECE_COST);
    assert!(sent > RECEIVE_LIMIT / 2);
    let Received::Data(pieces) = mux.receive(slow, 1024) else {
        panic!("nothing received")
    };
    assert_eq!(pieces.len(), 1);
    assert!(mux.has_room());
    assert_eq!(received(&mut mux, slow).len(), sent - 1024);
    assert_eq!(mux.buffered, 0);
}

#[test]
fn single_bytes_cost_more_than_themselves() {
    let mut mux = Mux::new();
    let id = mux.open_stream().unwrap();
    let mut pieces = 0;
    while mux.has_room() {
        mux.handle_data(data(id, b"x")).unwrap();
        pieces += 1;
    }
    assert!(pieces <= RECEIVE_LIMIT / super::PIECE_COST);
}

#[test]
fn a_bulk_stream_does_not_hold_up_a_key_stroke() {
    let mut mux = Mux::new();
    let mut agent = Agent::default();
    let bulk = mux.open_stream().unwrap();
    let typed = mux.open_stream().unwrap();
    agent.take(&mut mux);
    mux.send(bulk, vec![0; 1024 * 1024].into());
    assert!(!mux.has_queue_room(bulk));
    agent.take_one(&mut mux);
    mux.send(typed, Bytes::from_static(b"x"));
    agent.take_one(&mut mux);
    agent.take_one(&mut mux);
    assert_eq!(agent.data[&typed], b"x");
    assert!(agent.data[&bulk].len() <= 3 * TRANSMIT_LENGTH);
    agent.take(&mut mux);
    assert_eq!(agent.data[&bulk].len(), 1024 * 1024);
}

#[test]
fn bulk_fills_whole_agent_messages_and_streams_take_turns() {
    let mut mux = Mux::new();
    let ids: Vec<_> = (0..4).map(|_| mux.open_stream().unwrap()).collect();
    let mut agent = Agent::default();
    agent.take(&mut mux);
    for id in &ids {
        mux.send(*id, vec![0; 256 * 1024].into());
    }
    for _ in 0..40 {
        let bytes = mux.poll_transmit().unwrap();
        assert_eq!(bytes.len() % 1024, 0);
    }
    let left: Vec<_> = ids.iter().map(|id| mux.streams[id].queued).collect();
    assert!(left.iter().all(|queued| *queued == left[0]), "{left:?}");
}

#[test]
fn a_full_queue_tells_when_it_has_room_again() {
    let mut mux = Mux::new();
    let id = mux.open_stream().unwrap();
    mux.send(id, vec![0; STREAM_QUEUE].into());
    assert!(!mux.has_queue_room(id));
    assert_eq!(mux.poll_writable(), None);
    mux.poll_transmit();
    assert_eq!(mux.poll_writable(), Some(id));
    assert!(mux.has_queue_room(id));
    mux.poll_transmit();
    assert_eq!(mux.poll_writable(), None);
}

#[test]
fn signs_of_life_go_both_ways() {
    let mut mux = Mux::new();
    mux.keep_alive();
    mux.keep_alive();
    let mut agent = Agent::default();
    agent.take(&mut mux);
    assert_eq!(agent.nops, 1);
    assert!(!mux.take_agent_keeps_alive());
    mux.handle_data(frame(Command::Nop, StreamId(0), &[]))
        .unwrap();
    assert!(mux.take_agent_keeps_alive());
    assert!(!mux.take_agent_keeps_alive());
}

#[test]
fn the_end_of_the_session_ends_every_stream_after_its_data() {
    let mut mux = Mux::new();
    let id = mux.open_stream().unwrap();
    mux.handle_data(data(id, b"all of it")).unwrap();
    mux.handle_end();
    assert_eq!(received(&mut mux, id), b"all of it");
    assert!(mux.is_remote_ended(id));
}

/// One thing that happens, to one of the streams by number.
#[derive(Clone, Debug)]
enum Step {
    Open,
    Send(usize, usize),
    Finish(usize),
    Discard(usize),
    Transmit,
    AgentSends(usize, usize),
    AgentEnds(usize),
    Receive(usize, usize),
    KeepAlive,
}

fn step() -> impl Strategy<Value = Step> {
    let stream = 0_usize..6;
    prop_oneof![
        2 => Just(Step::Open),
        6 => (stream.clone(), 0_usize..20_000).prop_map(|(s, n)| Step::Send(s, n)),
        1 => stream.clone().prop_map(Step::Finish),
        1 => stream.clone().prop_map(Step::Discard),
        6 => Just(Step::Transmit),
        6 => (stream.clone(), 0_usize..40_000).prop_map(|(s, n)| Step::AgentSends(s, n)),
        1 => stream.clone().prop_map(Step::AgentEnds),
        6 => (stream, 1_usize..50_000).prop_map(|(s, n)| Step::Receive(s, n)),
        1 => Just(Step::KeepAlive),
    ]
}

/// What must have come out for one stream.
#[derive(Default)]
struct Expected {
    sent: Vec<u8>,
    finished: bool,
    agent_sent: Vec<u8>,
    agent_ended: bool,
    received: Vec<u8>,
    end_seen: bool,
    discarded: bool,
}

fn numbered(count: &mut u8, length: usize) -> Vec<u8> {
    (0..length)
        .map(|_| {
            *count = count.wrapping_add(1);
            *count
        })
        .collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn every_byte_arrives_once_in_order_and_the_end_comes_last(
        steps in proptest::collection::vec(step(), 1..120),
        cut in 1_usize..3_000,
    ) {
        let mut mux = Mux::new();
        let mut agent = Agent::default();
        let mut expected: Vec<(StreamId, Expected)> = Vec::new();
        let mut count = 0;
        let receive = |mux: &mut Mux, id: StreamId, limit: usize, stream: &mut Expected| match mux.receive(id, limit) {
            Received::Data(pieces) => {
                assert!(!stream.end_seen && !stream.discarded);
                pieces.iter().for_each(|piece| stream.received.extend_from_slice(piece));
                true
            }
            Received::End => {
                assert!(!stream.end_seen);
                stream.end_seen = true;
                false
            }
            Received::Nothing => false,
        };
        for step in steps {
            let number = match step {
                Step::Send(s, _) | Step::Finish(s) | Step::Discard(s) | Step::AgentSends(s, _) | Step::AgentEnds(s)
                | Step::Receive(s, _) => s,
                Step::Open | Step::Transmit | Step::KeepAlive => 0,
            };
            match step {
                Step::Open => {
                    let id = mux.open_stream().unwrap();
                    expected.push((id, Expected::default()));
                    continue;
                }
                Step::Transmit => {
                    agent.take_one(&mut mux);
                    continue;
                }
                Step::KeepAlive => {
                    mux.keep_alive();
                    continue;
                }
                _ => {}
            }
            let Some((id, stream)) = expected.get_mut(number) else { continue };
            let id = *id;
            match step {
                Step::Send(_, length) if !stream.finished => {
                    let bytes = numbered(&mut count, length);
                    stream.sent.extend_from_slice(&bytes);
                    mux.send(id, bytes.into());
                }
                Step::Finish(_) => {
                    stream.finished = true;
                    mux.finish(id);
                }
                Step::Discard(_) => {
                    stream.discarded = true;
                    mux.discard(id);
                }
                Step::AgentSends(_, length) if !stream.agent_ended => {
                    let bytes = numbered(&mut count, length.min(smux::MAX_DATA_LENGTH));
                    stream.agent_sent.extend_from_slice(&bytes);
                    let frame = data(id, &bytes);
                    for part in frame.chunks(cut) {
                        mux.handle_data(Bytes::copy_from_slice(part)).unwrap();
                    }
                }
                Step::AgentEnds(_) if !stream.agent_ended => {
                    stream.agent_ended = true;
                    mux.handle_data(fin(id)).unwrap();
                }
                Step::Receive(_, limit) => {
                    receive(&mut mux, id, limit, stream);
                }
                _ => {}
            }
        }
        agent.take(&mut mux);
        for (id, stream) in &mut expected {
            while receive(&mut mux, *id, 10_000, stream) {}
            prop_assert!(agent.opened.contains(id));
            prop_assert_eq!(agent.data.get(id).map_or(&[][..], Vec::as_slice), &stream.sent[..]);
            prop_assert_eq!(agent.ended.contains(id), stream.finished);
            if stream.discarded {
                prop_assert!(stream.agent_sent.starts_with(&stream.received));
            } else {
                prop_assert_eq!(&stream.received, &stream.agent_sent);
                prop_assert_eq!(stream.end_seen, stream.agent_ended);
            }
            let over = stream.finished && (stream.agent_ended || stream.discarded);
            prop_assert_eq!(mux.streams.contains_key(id), !over);
        }
        prop_assert_eq!(mux.buffered, 0);
        prop_assert_eq!(mux.poll_transmit(), None);
    }
}
