package dev.ctstream.conntrack;

import java.net.InetAddress;
import java.util.BitSet;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * An entry that a request creates or changes. Null values are not sent: on creation the kernel's default applies, on an
 * update the entry keeps its value.
 *
 * @param reply sent as given here, even when {@code sourceNat} or {@code destinationNat} makes the kernel replace it
 * @param timeoutSeconds required on creation
 * @param status {@link IpsStatus} bits; creation requires IPS_CONFIRMED among them
 * @param mark u32
 * @param labels kept only when some rule of the namespace uses labels
 * @param protocolState index into the protocol's table of {@link ProtocolStates}; TCP, SCTP and DCCP only
 * @param sourceNat only on creation
 * @param destinationNat only on creation
 * @param extras its master is sent only on creation
 */
public record FlowSpec(
        TupleSpec original,
        TupleSpec reply,
        ZoneScope zone,
        @Nullable Long timeoutSeconds,
        @Nullable Integer status,
        @Nullable Long mark,
        @Nullable Labels labels,
        @Nullable Integer protocolState,
        @Nullable String helper,
        @Nullable Nat sourceNat,
        @Nullable Nat destinationNat,
        FlowExtras extras) {

    /** The address, and the port unless null, that a direction is translated to. */
    public record Nat(InetAddress address, @Nullable Integer port) {}

    /** 128 labels as four words; label n is bit n%32 of word n/32. */
    public record Labels(int word0, int word1, int word2, int word3) {
        /** The labels with these numbers, 0..127. */
        public static Labels of(int... numbers) {
            int[] words = new int[4];
            for (int number : numbers) {
                words[number / Integer.SIZE] |= 1 << number % Integer.SIZE;
            }
            return new Labels(words[0], words[1], words[2], words[3]);
        }

        /** The numbers of the labels: {@code 0,127}; {@code none} without any. */
        @Override
        public String toString() {
            BitSet bits = BitSet.valueOf(new long[] {
                (word1 & 0xFFFF_FFFFL) << Integer.SIZE | (word0 & 0xFFFF_FFFFL),
                (word3 & 0xFFFF_FFFFL) << Integer.SIZE | (word2 & 0xFFFF_FFFFL)
            });
            String numbers = bits.stream().mapToObj(Integer::toString).collect(Collectors.joining(","));
            return numbers.isEmpty() ? "none" : numbers;
        }
    }

    /** Begins an entry whose reply is the inverse of {@code original}, in no zone. */
    public static Builder of(TupleSpec original) {
        return new Builder(original);
    }

    /** Collects the parts of an entry. */
    public static final class Builder {
        private final TupleSpec original;
        private @Nullable TupleSpec reply;
        private ZoneScope zone = ZoneScope.NONE;
        private @Nullable Long timeoutSeconds;
        private @Nullable Integer status;
        private @Nullable Long mark;
        private @Nullable Labels labels;
        private @Nullable Integer protocolState;
        private @Nullable String helper;
        private @Nullable Nat sourceNat;
        private @Nullable Nat destinationNat;
        private FlowExtras extras = FlowExtras.NONE;

        private Builder(TupleSpec original) {
            this.original = original;
        }

        public Builder reply(TupleSpec value) {
            reply = value;
            return this;
        }

        public Builder zone(ZoneScope value) {
            zone = value;
            return this;
        }

        public Builder timeoutSeconds(long value) {
            timeoutSeconds = value;
            return this;
        }

        public Builder status(int value) {
            status = value;
            return this;
        }

        public Builder mark(long value) {
            mark = value;
            return this;
        }

        public Builder labels(Labels value) {
            labels = value;
            return this;
        }

        public Builder protocolState(int value) {
            protocolState = value;
            return this;
        }

        public Builder helper(String value) {
            helper = value;
            return this;
        }

        public Builder sourceNat(Nat value) {
            sourceNat = value;
            return this;
        }

        public Builder destinationNat(Nat value) {
            destinationNat = value;
            return this;
        }

        public Builder extras(FlowExtras value) {
            extras = value;
            return this;
        }

        /** The entry. */
        public FlowSpec build() {
            return new FlowSpec(
                    original,
                    reply == null ? original.inverse() : reply,
                    zone,
                    timeoutSeconds,
                    status,
                    mark,
                    labels,
                    protocolState,
                    helper,
                    sourceNat,
                    destinationNat,
                    extras);
        }
    }
}
