//! Sending: a draft is checked, stored for everybody it is for in one transaction, and handed out when
//! that is on disk.

use std::collections::BTreeMap;
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use rusqlite::Connection as Database;
use tokio::sync::broadcast;

use super::draft::Checked;
use super::hub::{Audience, Delivery};
use super::nodes::{Claim, Nodes};
use super::queries::{self, NewMessage};
use super::types::{Draft, Message, Presence, Sender, Sent, To};
use super::{Bus, Fresh, json_of, queue_full};
use crate::base::{Caller, ClientId, clock};
use crate::error::Error;
use crate::store::{self, Fails};

/// Whom a message is for.
struct Recipients {
    /// Whether it is for everybody.
    everybody: bool,
    /// Each once, and whether they are there.
    each: Vec<(ClientId, Presence)>,
    /// One of them with a queue that takes no more.
    full: Option<ClientId>,
}

impl Bus {
    /// Sends a message.
    pub async fn send(&self, caller: &Caller, who: &Sender, draft: Draft) -> Result<Sent, Error> {
        let mut sent = self.send_many(caller, who, vec![draft]).await?;
        sent.pop().ok_or_else(|| Error::internal("sending a message", "nothing was sent"))
    }

    /// Sends messages, all or none of them.
    pub async fn send_many(
        &self,
        caller: &Caller,
        who: &Sender,
        drafts: Vec<Draft>,
    ) -> Result<Vec<Sent>, Error> {
        let began = clock::monotonic();
        let settings = self.settings();
        if drafts.is_empty() || drafts.len() > settings.batch_max {
            let message =
                format!("a batch has 1 to {} messages (BUS_BATCH_MAX)", settings.batch_max);
            return Err(Error::invalid("messages", message));
        }
        let many = drafts.len() > 1;
        let checked = drafts.into_iter().enumerate().map(|(at, draft)| {
            self.check(who, draft).map_err(|error| match error {
                Error::Invalid { field, message } if many => {
                    Error::Invalid { field: format!("messages[{at}].{field}"), message }
                }
                other => other,
            })
        });
        let checked: Vec<Checked> = checked.collect::<Result<_, _>>()?;
        let senders: Vec<ClientId> = checked.iter().map(|one| one.new.from.clone()).collect();
        let (bus, once) = (self.clone(), caller.clone());
        // The second of several may be refused when the first is stored.
        let fails = if many { Fails::Anywhere } else { Fails::BeforeChanges };
        let claims = self.claim(&checked).await?;
        let claimed = claims.0.clone();
        let written: Result<store::Written<Vec<Sent>>, Error> = self
            .commit(fails, move |tx, fresh| {
                store::once(tx, &once, |tx| {
                    let each = checked.into_iter().zip(claimed);
                    each.map(|(one, claim)| bus.store_one(tx, fresh, one, &claim)).collect()
                })
            })
            .await;
        let ids = written.as_ref().ok().filter(|written| !written.replayed);
        let ids = ids.map(|written| written.value.iter().map(|sent| sent.message_id).collect());
        self.settle_claims(claims, ids);
        let written = written?;
        if !written.replayed {
            let took = began.elapsed();
            for (sender, sent) in senders.iter().zip(&written.value) {
                let took = self.is_timed(settings.sample_rate).then_some(took);
                self.inner.hub.count_sent(sender, sent.duplicate, took);
            }
        }
        Ok(written.value)
    }

    /// Sends a message and waits so long for a reply to it.
    pub async fn ask(
        &self,
        caller: &Caller,
        who: &Sender,
        draft: Draft,
        patience: Option<Duration>,
    ) -> Result<(Sent, Option<Arc<Message>>), Error> {
        let mut watch = self.watch();
        let sent = self.send(caller, who, draft).await?;
        let question = sent.message_id;
        let asker = self.get(&Sender::default(), question).await?.from;
        let is_reply = |message: &Message| {
            message.reply_to == Some(question)
                && !message.from.is_system()
                && message.from != asker
                && message.to.includes(&asker)
        };
        let waiting = async {
            // An earlier question under the same id may have its reply already.
            let mut look = sent.duplicate;
            loop {
                if std::mem::take(&mut look) {
                    let thread = self.thread(&Sender::default(), question).await?;
                    if let Some(reply) = thread.into_iter().find(|message| is_reply(message)) {
                        return Ok(Arc::new(reply));
                    }
                }
                match watch.recv().await {
                    Ok(message) if is_reply(&message) => return Ok(message),
                    Ok(_) => {}
                    Err(broadcast::error::RecvError::Lagged(_)) => look = true,
                    Err(broadcast::error::RecvError::Closed) => {
                        return Err(Error::internal("waiting for a reply", "the bus has closed"));
                    }
                }
            }
        };
        let patience = patience.unwrap_or(self.settings().ask_patience);
        let reply = tokio::select! {
            reply = tokio::time::timeout(patience, waiting) => reply.ok().transpose()?,
            () = self.inner.stop.cancelled() => None,
        };
        if let Some(reply) = &reply {
            // It was heard here; it need not wait for the asker to connect.
            let caller = Caller { user: caller.user, once: None };
            self.ack(&caller, &Sender::default(), Some(asker), reply.id).await?;
        }
        Ok((sent, reply))
    }

    /// Runs `work` in a transaction; the messages that it stored are handed out when they are on
    /// disk, in the order of their numbers, whether or not somebody still waits for the answer.
    pub(super) async fn commit<T: Send + 'static>(
        &self,
        fails: Fails,
        work: impl FnOnce(&Database, &mut Vec<Fresh>) -> Result<T, Error> + Send + 'static,
    ) -> Result<T, Error> {
        let made = Arc::new(Mutex::new(Vec::new()));
        let (out, inner) = (Arc::clone(&made), Arc::clone(&self.inner));
        self.store()
            .write_then(
                fails,
                move |tx| {
                    let mut fresh = Vec::new();
                    let value = work(tx, &mut fresh)?;
                    *made.lock().unwrap_or_else(PoisonError::into_inner) = fresh;
                    Ok(value)
                },
                move |_| {
                    for fresh in out.lock().unwrap_or_else(PoisonError::into_inner).drain(..) {
                        let _ = inner.stored.send(fresh);
                    }
                    if let Some(nodes) = &inner.nodes {
                        nodes.wake();
                    }
                },
            )
            .await
    }

    /// Stores one message for everybody it is for.
    fn store_one(
        &self,
        tx: &Database,
        out: &mut Vec<Fresh>,
        one: Checked,
        claim: &Claim,
    ) -> Result<Sent, Error> {
        let Checked { new, to, key, strict } = one;
        let settings = self.settings();
        let Recipients { everybody, each: recipients, full } = self.recipients(tx, &new, &to)?;
        let mut earlier = match &key {
            Some(key) => queries::find_key(tx, &new.from, key, self.now())?,
            None => None,
        };
        if let (None, Claim::Theirs(id)) = (earlier, claim) {
            // Its number here, if it has one yet.
            earlier = Some((queries::seq_of(tx, *id)?.unwrap_or(0), *id));
        }
        if let Some((seq, message_id)) = earlier {
            let recipients = recipients.into_iter().collect();
            return Ok(Sent {
                status: "sent".to_owned(),
                message_id,
                seq,
                duplicate: true,
                recipients,
            });
        }
        if strict
            && let Some((client, _)) =
                recipients.iter().find(|(_, there)| *there == Presence::Unknown)
        {
            return Err(Error::Unknown {
                code: "unknown_recipient",
                message: format!(
                    "nobody was ever seen as {client}; without \"strict\" it would wait for them"
                ),
            });
        }
        if let Some(client) = full {
            return Err(queue_full(&client, settings.queue_max));
        }
        let seq = queries::insert(tx, &new)?;
        if !new.broadcast {
            for (client, _) in &recipients {
                queries::enqueue(tx, client, seq, &new)?;
            }
            self.inner.agenda.expires(new.expires_at);
        }
        queries::see(tx, &new.from, seq, new.created_at)?;
        if let Some(key) = &key {
            let until = self.now().after(settings.dedup_ttl);
            queries::keep_key(tx, &new.from, key, (seq, new.id), until)?;
        }
        let audience = if everybody && new.broadcast {
            Audience::All
        } else {
            Audience::These(recipients.iter().map(|(client, _)| client.clone()).collect())
        };
        out.push(fresh(&new, seq, to, audience)?);
        let recipients: BTreeMap<_, _> = recipients.into_iter().collect();
        Ok(Sent {
            status: "sent".to_owned(),
            message_id: new.id,
            seq,
            duplicate: false,
            recipients,
        })
    }

    /// Everybody a message is for, each once, and whether they are there.
    fn recipients(&self, db: &Database, new: &NewMessage, to: &To) -> Result<Recipients, Error> {
        let mut found: Vec<(ClientId, Presence)> = Vec::new();
        let all = *to == To::All;
        match to {
            To::All => {
                let seen = queries::seen_clients(db)?;
                // Who came a moment ago may not be noted yet.
                let mut everybody: Vec<_> =
                    seen.into_iter().chain(self.inner.hub.online()).collect();
                everybody.extend(self.nodes().into_iter().flat_map(Nodes::online));
                everybody.sort();
                everybody.dedup();
                everybody.retain(|client| *client != new.from);
                found.extend(everybody.into_iter().map(|client| (client, Presence::Away)));
            }
            To::One(client) => found.push((client.clone(), Presence::Unknown)),
            To::Many(clients) => {
                let mut each = clients.clone();
                each.sort();
                each.dedup();
                found.extend(each.into_iter().map(|client| (client, Presence::Unknown)));
            }
        }
        let mut full = None;
        if !new.broadcast {
            let most = self.settings().queue_max;
            for (client, presence) in &mut found {
                let (waiting, seen) = queries::queue(db, client)?;
                if seen {
                    *presence = Presence::Away;
                }
                if waiting >= most && full.is_none() {
                    full = Some(client.clone());
                }
            }
        }
        self.inner.hub.mark_online(&mut found);
        if let Some(nodes) = self.nodes() {
            nodes.mark_online(&mut found);
        }
        Ok(Recipients { everybody: all, each: found, full })
    }

    fn is_timed(&self, rate: f32) -> bool {
        // The hash of a counter is spread evenly, and no random numbers are needed.
        let at = self.inner.timed.fetch_add(1, Ordering::Relaxed);
        let drawn = at.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 48;
        f32::from(u16::try_from(drawn).unwrap_or(0)) < rate * 65_536.0
    }
}

/// A message that was stored, ready to be handed out.
pub(super) fn fresh(
    new: &NewMessage,
    seq: i64,
    to: To,
    audience: Audience,
) -> Result<Fresh, Error> {
    let message = Message {
        seq,
        id: new.id,
        from: new.from.clone(),
        to,
        kind: new.kind.clone(),
        payload: new.payload.clone(),
        timestamp: new.created_at,
        requires_ack: new.requires_ack,
        reply_to: new.reply_to,
    };
    let json = json_of(&message)?;
    let message = Arc::new(message);
    Ok(Fresh { delivery: Arc::new(Delivery::new(message, json, false)), audience })
}
