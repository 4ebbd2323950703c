package dev.ctstream.record;

import java.nio.charset.StandardCharsets;
import org.apache.avro.util.Utf8;

/**
 * A 64-bit hash that identifies a flow: host, boot, identity of the network namespace, zone, original tuple and
 * {@code ct_id}. Two flows share a key only by chance: among 10 million flows the probability is 3 in a million.
 *
 * <p>On kernels with namespace cookies (since Linux 5.14) a flow has the same key in every run of the collector. On
 * older kernels each run gives the namespace a new identity, and so the flow a new key.
 *
 * <p>The kernel may give the same tuple and {@code ct_id} to a later flow, so a key may open again after it was closed.
 */
public final class FlowKey {
    // Odd constants of splitmix64 and of the golden ratio. Any odd ones with evenly spread bits would do.
    private static final long MIX_1 = 0xBF58476D1CE4E5B9L;
    private static final long MIX_2 = 0x94D049BB133111EBL;
    private static final long MIX_3 = 0x9E3779B97F4A7C15L;
    private static final long ABSENT = 0x1_0000_0000L; // no port, type, code or id is this large

    private static final String[] TEXTS = {"source_address", "destination_address"};
    private static final String[] NUMBERS = {
        "protocol", "source_port", "destination_port", "icmp_type", "icmp_code", "icmp_id", "ct_id"
    };

    private FlowKey() {}

    /** Key of an event's flow. */
    public static long of(DecodedRecord event) {
        return of(seed(event.text("host_id"), event.text("boot_id"), event.text("netns_id"), event.zone()), event);
    }

    /** Hash of what all flows of a zone have in common: the start value for {@link #of(long, DecodedRecord)}. */
    public static long seed(String hostId, String bootId, String netnsId, int zone) {
        long hash = mix(MIX_3, zone);
        for (String text : new String[] {hostId, bootId, netnsId}) {
            byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
            hash = text(hash, bytes, bytes.length);
        }
        return hash;
    }

    /** As {@link #of(DecodedRecord)}, with the zone's {@link #seed}. */
    public static long of(long seed, DecodedRecord event) {
        long hash = seed;
        for (String name : TEXTS) {
            Object value = event.value(name);
            if (value instanceof Utf8 utf8) {
                hash = text(hash, utf8.getBytes(), utf8.getByteLength());
            } else {
                byte[] bytes = String.valueOf(value).getBytes(StandardCharsets.UTF_8);
                hash = text(hash, bytes, bytes.length);
            }
        }
        for (String name : NUMBERS) {
            hash = mix(hash, event.value(name) instanceof Number number ? number.longValue() : ABSENT);
        }
        return hash;
    }

    /** A 32-bit hash of the flow's start time; 0 = the event does not carry one. */
    public static int start(DecodedRecord event) {
        if (!(event.value("start_time_ns") instanceof Number number)) {
            return 0;
        }
        long hash = mix(MIX_3, number.longValue());
        return (int) hash == 0 ? 1 : (int) hash;
    }

    private static long text(long hash, byte[] bytes, int length) {
        long mixed = mix(hash, length);
        long word = 0;
        for (int i = 0; i < length; i++) {
            word = (word << Byte.SIZE) | (bytes[i] & 0xFF);
            if ((i & 7) == 7) {
                mixed = mix(mixed, word);
                word = 0;
            }
        }
        return mix(mixed, word);
    }

    private static long mix(long hash, long value) {
        long mixed = (hash ^ (hash >>> 29)) * MIX_3 + value;
        mixed = (mixed ^ (mixed >>> 30)) * MIX_1;
        mixed = (mixed ^ (mixed >>> 27)) * MIX_2;
        return mixed ^ (mixed >>> 31);
    }
}
