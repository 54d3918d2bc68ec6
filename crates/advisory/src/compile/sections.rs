//! Writes groups, advisories and postings, each pointing into what was written before it.

use std::io;

use super::encode::Pools;
use super::output::Output;
use super::spool::SpoolReader;
use crate::bytes::{Put, Reader};
use crate::database::layout::{Section, sha256};
use crate::database::table;

/// The order of keys: by (ecosystem, name).
pub(super) struct Ranks {
    pub(super) in_order: Vec<u32>,
    rank_of: Vec<u32>,
}

pub(super) fn rank_keys(keys: &[(u64, u64)], pools: &Pools) -> Ranks {
    let texts = |key: u32| {
        let (ecosystem, name) = keys[key as usize];
        (pools.strings.get(ecosystem), pools.strings.get(name))
    };
    let mut in_order: Vec<u32> = (0..keys.len() as u32).collect();
    in_order.sort_unstable_by(|&a, &b| texts(a).cmp(&texts(b)));
    let mut rank_of = vec![0; keys.len()];
    for (rank, &key) in in_order.iter().enumerate() {
        rank_of[key as usize] = rank as u32;
    }
    Ranks { in_order, rank_of }
}

/// Writes the groups in key order; says where each is and where its entries went.
pub(super) fn write_groups(
    output: &mut Output,
    spool: &mut SpoolReader,
    ranks: &Ranks,
    keys: &[(u64, u64)],
    mut entries: Vec<(u32, u64)>,
) -> io::Result<(Section, Vec<u64>, Vec<Written>)> {
    for (key, _) in &mut entries {
        *key = ranks.rank_of[*key as usize];
    }
    // Places in the spool grow with the advisories' ids.
    entries.sort_unstable();
    let start = output.start();
    let mut places = Vec::with_capacity(keys.len());
    let mut written = Vec::with_capacity(entries.len());
    for entries in entries.chunk_by(|a, b| a.0 == b.0) {
        let rank = entries.first().map_or(0, |entry| entry.0);
        let mut contents = Vec::with_capacity(entries.len() * 8);
        let mut body = Vec::new();
        for &(_, place) in entries {
            let (content, entry) = spool
                .read(place)?
                .split_at_checked(8)
                .ok_or_else(too_large)?;
            contents.extend_from_slice(content);
            let number = Reader(entry).varint().unwrap_or_default();
            written.push(Written {
                advisory: u32::try_from(number).map_err(|_| too_large())?,
                group: rank,
                at: u32::try_from(body.len()).map_err(|_| too_large())?,
            });
            body.put_bytes(entry);
        }
        let (ecosystem, name) = keys[ranks.in_order[rank as usize] as usize];
        let mut group = short_hash(&contents).to_vec();
        group.put_varint(ecosystem);
        group.put_varint(name);
        group.append(&mut body);
        places.push(output.write_framed(start, &group)?);
    }
    Ok((output.section_since(start), places, written))
}

/// Writes the advisories, each with the places of its entries; gives the bytes of their index.
pub(super) fn write_advisories(
    output: &mut Output,
    spool: &mut SpoolReader,
    advisory_places: &[u64],
    group_places: &[u64],
    written: &[Written],
) -> io::Result<(Section, Vec<u8>)> {
    let mut order: Vec<u32> = (0..written.len() as u32).collect();
    order.sort_unstable_by_key(|&entry| (written[entry as usize].advisory, entry));
    let mut order = order.into_iter().peekable();
    let start = output.start();
    let mut index = Vec::with_capacity(advisory_places.len() * 8);
    for (number, &place) in advisory_places.iter().enumerate() {
        let mut advisory = spool.read(place)?.to_vec();
        while let Some(entry) =
            order.next_if(|&entry| written[entry as usize].advisory as usize == number)
        {
            let entry = &written[entry as usize];
            advisory.put_varint(group_places[entry.group as usize]);
            advisory.put_varint(u64::from(entry.at));
        }
        let place = output.write_framed(start, &advisory)?;
        index.extend_from_slice(&place.to_le_bytes());
    }
    Ok((output.section_since(start), index))
}

/// Writes which advisories mention an id; gives hash and place of each id's posting.
pub(super) fn write_postings(
    output: &mut Output,
    pools: &Pools,
    mut mentions: Vec<(u64, u64)>,
) -> io::Result<(Section, Vec<(u64, u64)>)> {
    mentions.sort_unstable();
    // The relation is in the low bits, so the closest of one advisory's mentions comes first.
    mentions.dedup_by(|later, kept| later.0 == kept.0 && later.1 >> 2 == kept.1 >> 2);
    let start = output.start();
    let mut ids = Vec::new();
    for mentions in mentions.chunk_by(|a, b| a.0 == b.0) {
        let id = mentions.first().map_or(0, |mention| mention.0);
        let mut posting = Vec::with_capacity(16);
        posting.put_varint(id);
        mentions
            .iter()
            .for_each(|mention| posting.put_varint(mention.1));
        let place = output.write_framed(start, &posting)?;
        ids.push((table::hash_bytes([pools.strings.get(id), b""]), place));
    }
    Ok((output.section_since(start), ids))
}

/// An entry that was written: whose it is, in which group, and where in it.
pub(super) struct Written {
    advisory: u32,
    group: u32,
    at: u32,
}

pub(super) fn short_hash(bytes: &[u8]) -> [u8; 8] {
    let [a, b, c, d, e, f, g, h, ..] = *sha256(bytes).as_bytes();
    [a, b, c, d, e, f, g, h]
}

pub(super) fn too_large() -> io::Error {
    io::Error::new(
        io::ErrorKind::FileTooLarge,
        "more advisories than the file format can hold",
    )
}
