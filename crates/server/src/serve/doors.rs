//! How many connections there may be, in all and from one address.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::{Arc, Mutex, PoisonError};

use super::ConnectionRules;
use crate::config::Network;

/// Counts who is in.
#[derive(Clone, Debug)]
pub(crate) struct Doors(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    port_name: &'static str,
    connections_max: usize,
    per_address_max: usize,
    exempt: Arc<[Network]>,
    inside: Mutex<Inside>,
}

#[derive(Debug, Default)]
struct Inside {
    all: usize,
    by_address: HashMap<IpAddr, usize>,
}

/// A connection's place, given up when dropped.
#[derive(Debug)]
pub(crate) struct Place {
    doors: Doors,
    address: Option<IpAddr>,
}

impl Doors {
    /// Doors that keep these rules.
    pub(crate) fn new(rules: &ConnectionRules) -> Self {
        Self(Arc::new(Inner {
            port_name: rules.port_name,
            connections_max: rules.connections_max,
            per_address_max: rules.connections_per_address_max,
            exempt: Arc::clone(&rules.trusted_proxies),
            inside: Mutex::default(),
        }))
    }

    /// A place, when there is one.
    pub(crate) fn enter(&self, address: IpAddr) -> Option<Place> {
        let is_exempt = self.0.exempt.iter().any(|network| network.contains(address));
        let address = (!is_exempt).then(|| counted_as(address));
        let mut inside = self.0.inside.lock().unwrap_or_else(PoisonError::into_inner);
        if inside.all >= self.0.connections_max {
            return None;
        }
        if let Some(address) = address {
            let count = inside.by_address.entry(address).or_default();
            if *count >= self.0.per_address_max {
                return None;
            }
            *count += 1;
        }
        inside.all += 1;
        metrics::gauge!("confab_connections", "port" => self.0.port_name).set(inside.all as f64);
        drop(inside);
        Some(Place {
            doors: self.clone(),
            address,
        })
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let inner = &self.doors.0;
        let mut inside = inner.inside.lock().unwrap_or_else(PoisonError::into_inner);
        inside.all -= 1;
        metrics::gauge!("confab_connections", "port" => inner.port_name).set(inside.all as f64);
        if let Some(address) = self.address
            && let Some(count) = inside.by_address.get_mut(&address)
        {
            *count -= 1;
            if *count == 0 {
                inside.by_address.remove(&address);
            }
        }
    }
}

/// One household has a whole /64 of IPv6: its addresses count together.
fn counted_as(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(address) => IpAddr::V6(Ipv6Addr::from_bits(address.to_bits() & (u128::MAX << 64))),
        address @ IpAddr::V4(_) => address,
    }
}
