package dev.ctstream.conntrack;

import java.util.ArrayList;
import java.util.List;

/**
 * Which events a source subscribes to, and how.
 *
 * @param newEvents flows entered into the table
 * @param updateEvents changes to a flow; without a subscriber the kernel does not even build the message
 * @param destroyEvents flows that left the table; they carry the final counters
 * @param receiveBufferBytes requested size; the kernel doubles it and charges each event 1280 bytes of the doubled size
 * @param reliable the kernel keeps a flow until its DESTROY is queued ({@code NETLINK_BROADCAST_ERROR}); the drop
 *     counter then counts attempts, and a stalled reader fills the table
 * @param filter applied by the kernel to events, and to the entries of dumps when they are decoded; its marks and
 *     the own connections by the tracker
 */
public record SubscriptionConfig(
        boolean newEvents,
        boolean updateEvents,
        boolean destroyEvents,
        int receiveBufferBytes,
        boolean reliable,
        FlowFilter filter) {
    /** 128 MiB, which hold 209 715 events. */
    public static final int DEFAULT_RECEIVE_BUFFER_BYTES = 128 << 20;

    /** Refuses a subscription to nothing. */
    public SubscriptionConfig {
        if (!newEvents && !updateEvents && !destroyEvents) {
            throw new IllegalArgumentException("a subscription needs at least one kind of event");
        }
        if (receiveBufferBytes <= 0) {
            throw new IllegalArgumentException("receiveBufferBytes " + receiveBufferBytes);
        }
    }

    /** A subscription without a filter. */
    public SubscriptionConfig(
            boolean newEvents, boolean updateEvents, boolean destroyEvents, int receiveBufferBytes, boolean reliable) {
        this(newEvents, updateEvents, destroyEvents, receiveBufferBytes, reliable, FlowFilter.EVERYTHING);
    }

    /** NEW and DESTROY, counted, with the default buffer, without a filter. */
    public static SubscriptionConfig standard() {
        return new SubscriptionConfig(true, false, true, DEFAULT_RECEIVE_BUFFER_BYTES, false);
    }

    /** The types of event that are subscribed to, as in the records: NEW, UPDATE, DESTROY. */
    public List<String> eventTypes() {
        List<String> types = new ArrayList<>();
        if (newEvents) {
            types.add("NEW");
        }
        if (updateEvents) {
            types.add("UPDATE");
        }
        if (destroyEvents) {
            types.add("DESTROY");
        }
        return types;
    }

    List<Integer> groups() {
        List<Integer> groups = new ArrayList<>();
        if (newEvents) {
            groups.add(NfGenMsg.NFNLGRP_CONNTRACK_NEW);
        }
        if (updateEvents) {
            groups.add(NfGenMsg.NFNLGRP_CONNTRACK_UPDATE);
        }
        if (destroyEvents) {
            groups.add(NfGenMsg.NFNLGRP_CONNTRACK_DESTROY);
        }
        return groups;
    }
}
