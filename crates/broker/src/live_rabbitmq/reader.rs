//! The receiving side's tasks: a queue of one's own, consumed with acks so that nothing piles up unbounded.

use std::sync::Weak;
use std::task::Poll;
use std::time::Duration;

use confab_domain::ports::FeedItem;
use confab_domain::{Error, IncarnationId};
use futures_util::{FutureExt, StreamExt};
use lapin::message::Delivery;
use lapin::options::{BasicAckOptions, BasicConsumeOptions, BasicQosOptions};
use lapin::types::{DeliveryTag, FieldTable};
use lapin::{Channel, Consumer};
use tokio::sync::mpsc;

use crate::connection::{Chain, Link, within};
use crate::encoding::decode;
use crate::retries::Retries;
use crate::settings::RabbitMqSettings;
use crate::topology::{Listening, bind_live_queue, declare_live, declare_live_queue};
use crate::wakes::Wakes;

/// Wake hints are acknowledged so late that the broker drops what one hint covers.
const WAKE_ACK_DELAY: Duration = Duration::from_millis(10);
/// How soon a wake reader that nobody needs any more ends.
const WAKE_WATCH: Duration = Duration::from_millis(500);

/// A reader's queue while its connection stands.
struct Subscription {
    link: Link,
    channel: Channel,
    consumer: Consumer,
    queue: String,
    listening: Listening,
    unacked: Option<DeliveryTag>,
    unacked_count: u16,
}

impl Subscription {
    async fn open(
        listening: Listening,
        reader: IncarnationId,
        settings: &RabbitMqSettings,
    ) -> Result<Self, Error> {
        let limit = settings.connect_timeout;
        let link = Link::open(settings, listening.purpose()).await?;
        let channel = link.channel(limit).await?;
        let prefetch = channel.basic_qos(listening.prefetch(settings), BasicQosOptions::default());
        within(limit, prefetch).await?;
        declare_live(&channel, limit).await?;
        let queue = declare_live_queue(&channel, listening, reader, settings).await?;
        bind_live_queue(&channel, listening, &queue, limit).await?;
        let options = BasicConsumeOptions {
            exclusive: true,
            ..Default::default()
        };
        let consuming =
            channel.basic_consume(queue.as_str().into(), "".into(), options, FieldTable::default());
        let consumer = within(limit, consuming).await?;
        Ok(Self {
            link,
            channel,
            consumer,
            queue,
            listening,
            unacked: None,
            unacked_count: 0,
        })
    }

    /// What is there already, if anything.
    fn ready(&mut self) -> Poll<Option<lapin::Result<Delivery>>> {
        self.consumer
            .next()
            .now_or_never()
            .map_or(Poll::Pending, Poll::Ready)
    }

    /// Notes a message as taken, and tells the broker when half of what may be under way is.
    async fn took(&mut self, tag: DeliveryTag, settings: &RabbitMqSettings) -> Result<(), Error> {
        self.unacked = Some(tag);
        self.unacked_count += 1;
        if self.unacked_count * 2 >= self.listening.prefetch(settings) {
            self.acknowledge(settings).await?;
        }
        Ok(())
    }

    async fn acknowledge(&mut self, settings: &RabbitMqSettings) -> Result<(), Error> {
        self.unacked_count = 0;
        match self.unacked.take() {
            Some(tag) => {
                let all_before = BasicAckOptions { multiple: true };
                within(settings.send_timeout, self.channel.basic_ack(tag, all_before)).await
            }
            None => Ok(()),
        }
    }

    /// Silence may mean that somebody deleted the exchange: nobody tells a queue that its bindings are gone.
    async fn declare_again(&self, settings: &RabbitMqSettings) -> Result<(), Error> {
        if !self.link.is_open() {
            return Err(Error::Unavailable("RabbitMQ closed the connection", None));
        }
        declare_live(&self.channel, settings.connect_timeout).await?;
        bind_live_queue(
            &self.channel,
            self.listening,
            &self.queue,
            settings.connect_timeout,
        )
        .await
    }
}

/// Reads the feed over and over until nobody wants it.
pub(super) async fn feed(reader: IncarnationId, settings: RabbitMqSettings, sender: mpsc::Sender<FeedItem>) {
    let mut retries = Retries::new(&settings);
    let closed = sender.clone();
    loop {
        let opened = tokio::select! {
            opened = Subscription::open(Listening::Everything, reader, &settings) => opened,
            () = closed.closed() => return,
        };
        let error = match opened {
            Ok(mut subscription) => {
                retries.reset();
                connected(Listening::Everything, true);
                let ended = read_feed(&mut subscription, &settings, &sender).await;
                connected(Listening::Everything, false);
                match ended {
                    Ok(()) => return subscription.link.close().await,
                    Err(error) => {
                        if sender.send(FeedItem::Disconnected).await.is_err() {
                            return;
                        }
                        error
                    }
                }
            }
            Err(error) => error,
        };
        tracing::warn!(connection = Listening::Everything.purpose(), error = %Chain(&error), "RabbitMQ is away");
        tokio::select! {
            () = pause(Listening::Everything, &mut retries) => {}
            () = closed.closed() => return,
        }
    }
}

/// Hands on what arrives. Ends well when nobody wants it any more.
async fn read_feed(
    subscription: &mut Subscription,
    settings: &RabbitMqSettings,
    sender: &mpsc::Sender<FeedItem>,
) -> Result<(), Error> {
    if sender.send(FeedItem::Connected).await.is_err() {
        return Ok(());
    }
    loop {
        let next = if let Poll::Ready(next) = subscription.ready() {
            next
        } else {
            subscription.acknowledge(settings).await?;
            tokio::select! {
                next = subscription.consumer.next() => next,
                () = sender.closed() => return Ok(()),
                () = tokio::time::sleep(settings.live_silence) => {
                    subscription.declare_again(settings).await?;
                    continue;
                }
            }
        };
        let delivery = delivered(next)?;
        match decode(delivery.routing_key.as_str(), &delivery.data) {
            Some(item) => {
                metrics::counter!("confab_broker_live_received_total", "kind" => kind(&item)).increment(1);
                // A slow reader is waited for; meanwhile the broker drops the oldest of its queue.
                if sender.send(item).await.is_err() {
                    return Ok(());
                }
            }
            None => metrics::counter!("confab_broker_live_undecodable_total").increment(1),
        }
        subscription.took(delivery.delivery_tag, settings).await?;
    }
}

/// Reads wake hints over and over until nobody wants them.
pub(super) async fn wakes(reader: IncarnationId, settings: RabbitMqSettings, wakes: Weak<Wakes>) {
    let mut retries = Retries::new(&settings);
    while wakes.strong_count() > 0 {
        let error = match Subscription::open(Listening::Wakes, reader, &settings).await {
            Ok(mut subscription) => {
                retries.reset();
                connected(Listening::Wakes, true);
                let ended = read_wakes(&mut subscription, &settings, &wakes).await;
                connected(Listening::Wakes, false);
                match ended {
                    Ok(()) => return subscription.link.close().await,
                    Err(error) => error,
                }
            }
            Err(error) => error,
        };
        tracing::warn!(connection = Listening::Wakes.purpose(), error = %Chain(&error), "RabbitMQ is away");
        pause(Listening::Wakes, &mut retries).await;
    }
}

async fn read_wakes(
    subscription: &mut Subscription,
    settings: &RabbitMqSettings,
    wakes: &Weak<Wakes>,
) -> Result<(), Error> {
    match wakes.upgrade() {
        Some(wakes) => wakes.wake_all(),
        None => return Ok(()),
    }
    let mut last_heard = tokio::time::Instant::now();
    loop {
        let next = if let Poll::Ready(next) = subscription.ready() {
            next
        } else {
            if subscription.unacked.is_some() {
                tokio::time::sleep(WAKE_ACK_DELAY).await;
                subscription.acknowledge(settings).await?;
            }
            tokio::select! {
                next = subscription.consumer.next() => next,
                () = tokio::time::sleep(WAKE_WATCH) => {
                    if wakes.strong_count() == 0 {
                        return Ok(());
                    }
                    if last_heard.elapsed() >= settings.live_silence {
                        last_heard = tokio::time::Instant::now();
                        subscription.declare_again(settings).await?;
                    }
                    continue;
                }
            }
        };
        let delivery = delivered(next)?;
        last_heard = tokio::time::Instant::now();
        let Some(wakes) = wakes.upgrade() else {
            return Ok(());
        };
        if let Ok(shard) = delivery.routing_key.as_str().parse() {
            wakes.wake(shard);
        }
        subscription.took(delivery.delivery_tag, settings).await?;
    }
}

fn delivered(next: Option<lapin::Result<Delivery>>) -> Result<Delivery, Error> {
    match next {
        Some(Ok(delivery)) => Ok(delivery),
        Some(Err(error)) => Err(Error::unavailable("RabbitMQ", error)),
        None => Err(Error::Unavailable("RabbitMQ cancelled the consumer", None)),
    }
}

fn kind(item: &FeedItem) -> &'static str {
    match item {
        FeedItem::Batch(_) => "batch",
        FeedItem::Beat(_) => "beat",
        FeedItem::Control(_) => "control",
        FeedItem::Connected | FeedItem::Disconnected => "state",
    }
}

fn connected(listening: Listening, is_connected: bool) {
    metrics::gauge!("confab_broker_connected", "connection" => listening.purpose())
        .set(f64::from(u8::from(is_connected)));
}

async fn pause(listening: Listening, retries: &mut Retries) {
    metrics::counter!("confab_broker_reconnects_total", "connection" => listening.purpose()).increment(1);
    tokio::time::sleep(retries.next_pause()).await;
}
