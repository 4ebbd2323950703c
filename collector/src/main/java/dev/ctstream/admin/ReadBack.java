package dev.ctstream.admin;

import dev.ctstream.conntrack.FlowExtras;
import dev.ctstream.conntrack.FlowSpec;
import dev.ctstream.conntrack.IpsStatus;
import dev.ctstream.conntrack.ProtocolStates;
import dev.ctstream.conntrack.TupleSpec;
import dev.ctstream.record.ProtocolNames;
import java.net.InetAddress;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * Compares an entry that was asked for with the one that the kernel made. The kernel accepts more than it keeps: labels
 * without a rule that uses labels, ports of a protocol that it does not track, a timeout above its limit.
 */
final class ReadBack {
    /** Bits that the kernel sets for reasons of its own, and that a listing shows on entries without NAT too. */
    private static final int KERNELS_OWN = IpsStatus.IPS_SRC_NAT_DONE
            | IpsStatus.IPS_DST_NAT_DONE
            | IpsStatus.IPS_NAT_MASK
            | IpsStatus.IPS_HELPER
            | IpsStatus.IPS_SEQ_ADJUST
            | IpsStatus.IPS_EXPECTED
            | IpsStatus.IPS_CONFIRMED;

    private final FlowSpec asked;
    private final Entry made;
    private final boolean updated;
    private final List<Difference> differences = new ArrayList<>();

    private ReadBack(FlowSpec asked, Entry made, boolean updated) {
        this.asked = asked;
        this.made = made;
        this.updated = updated;
    }

    /**
     * Names each difference.
     *
     * @param updated whether an existing entry was changed, which then kept what was not asked for
     * @param elapsedSeconds since the request, rounded up
     */
    static List<Difference> differences(FlowSpec asked, Entry made, boolean updated, long elapsedSeconds) {
        ReadBack comparison = new ReadBack(asked, made, updated);
        comparison.tuples();
        comparison.timeout(elapsedSeconds);
        comparison.values();
        comparison.extras();
        return List.copyOf(comparison.differences);
    }

    /** What a new entry is that cannot be found directly after it was made. */
    static List<Difference> gone(FlowSpec asked) {
        return List.of(new Difference(
                "entry",
                asked.original() + " " + asked.zone(),
                "gone",
                "it expired or was deleted by others; a timeout of 0 seconds ends at once"));
    }

    /** Whether this is the entry with the asked original tuple, as far as the kernel keeps one. */
    static boolean sameOriginal(TupleSpec asked, TupleSpec made) {
        return asked.source().equals(made.source())
                && asked.destination().equals(made.destination())
                && asked.protocol() == made.protocol()
                && (asked.layer4().equals(made.layer4()) || portsDropped(asked, made));
    }

    private static boolean portsDropped(TupleSpec asked, TupleSpec made) {
        return !(asked.layer4() instanceof TupleSpec.AddressesOnly) && made.layer4() instanceof TupleSpec.AddressesOnly;
    }

    private void differ(String field, @Nullable Object wanted, @Nullable Object is, String reason) {
        if (!Objects.equals(wanted, is)) {
            differences.add(new Difference(field, text(wanted), text(is), reason));
        }
    }

    private static String text(@Nullable Object value) {
        return value == null ? "none" : value.toString();
    }

    private void tuples() {
        TupleSpec original = made.key().original();
        String untracked = "this kernel tracks " + ProtocolNames.of(original.protocol()) + " by addresses only";
        differ("original", asked.original(), original, portsDropped(asked.original(), original) ? untracked : "");
        TupleSpec reply = expectedReply();
        if (portsDropped(reply, made.reply())) {
            reply = new TupleSpec(
                    reply.source(), reply.destination(), made.reply().layer4());
        }
        differ("reply", reply, made.reply(), "the kernel chose another translation");
    }

    /** The asked reply after the translations; a port that was left to the kernel is the one that it chose. */
    private TupleSpec expectedReply() {
        TupleSpec reply = asked.reply();
        FlowSpec.Nat source = asked.sourceNat();
        FlowSpec.Nat destination = asked.destinationNat();
        if (source == null && destination == null) {
            return reply;
        }
        InetAddress from = destination == null ? reply.source() : destination.address();
        InetAddress to = source == null ? reply.destination() : source.address();
        TupleSpec.Layer4 layer4 = reply.layer4();
        if (layer4 instanceof TupleSpec.Ports ports && made.reply().layer4() instanceof TupleSpec.Ports chosen) {
            layer4 = new TupleSpec.Ports(
                    ports.protocol(),
                    port(destination, ports.source(), chosen.source()),
                    port(source, ports.destination(), chosen.destination()));
        } else if (layer4 instanceof TupleSpec.Icmp icmp && made.reply().layer4() instanceof TupleSpec.Icmp chosen) {
            layer4 =
                    new TupleSpec.Icmp(icmp.protocol(), icmp.type(), icmp.code(), port(source, icmp.id(), chosen.id()));
        }
        return new TupleSpec(from, to, layer4);
    }

    private static int port(FlowSpec.@Nullable Nat nat, int untranslated, int chosen) {
        if (nat == null) {
            return untranslated;
        }
        return nat.port() == null ? chosen : nat.port();
    }

    private void timeout(long elapsedSeconds) {
        Long wanted = asked.timeoutSeconds();
        Long is = made.timeoutSeconds();
        if (wanted == null) {
            return;
        }
        if (is == null) {
            differ("timeout", wanted, null, "the entry is offloaded");
        } else if (is > wanted || wanted - is > elapsedSeconds) {
            differ("timeout", wanted, is, "seconds; the kernel has an upper limit");
        }
    }

    private void values() {
        if (asked.mark() != null) {
            differ("mark", asked.mark(), made.mark() == null ? Long.valueOf(0) : made.mark(), "");
        }
        status();
        if (asked.labels() != null && !(none(asked.labels()) && made.labels() == null)) {
            differ("label", asked.labels(), made.labels(), "entries have labels only where a rule uses them");
        }
        if (asked.protocolState() != null) {
            differ("state", state(asked.protocolState()), made.state() == null ? null : state(made.state()), "");
        }
        if (asked.helper() != null || !updated) {
            differ("helper", asked.helper(), made.helper(), "");
        }
    }

    private static boolean none(FlowSpec.Labels labels) {
        return labels.equals(FlowSpec.Labels.of());
    }

    private String state(int number) {
        return ProtocolStates.name(ProtocolStates.names(asked.original().protocol()), number);
    }

    private void status() {
        int is = made.status() == null ? 0 : made.status();
        int wanted = asked.status() == null ? IpsStatus.IPS_CONFIRMED : asked.status();
        int missing = wanted & ~is;
        int added = updated ? 0 : is & ~wanted & ~KERNELS_OWN;
        if (missing != 0) {
            differ(
                    "status",
                    StatusWords.of(wanted),
                    StatusWords.of(is),
                    "the kernel does not set these bits on request");
        } else if (added != 0) {
            differ("status", StatusWords.of(wanted), StatusWords.of(is), "");
        }
        int translated = (asked.sourceNat() == null ? 0 : IpsStatus.IPS_SRC_NAT)
                | (asked.destinationNat() == null ? 0 : IpsStatus.IPS_DST_NAT);
        int untranslated = translated & ~is;
        if (untranslated != 0) {
            differ(
                    "nat",
                    StatusWords.of(translated),
                    StatusWords.of(is & IpsStatus.IPS_NAT_MASK),
                    "nothing to translate");
        }
    }

    private void extras() {
        FlowExtras wanted = asked.extras();
        FlowExtras is = made.extras();
        if (wanted.master() != null) {
            differ("master", wanted.master(), is.master(), "");
        }
        if (wanted.details() != null) {
            differ(
                    "protocol details",
                    wanted.details(),
                    is.details(),
                    "a window scale needs its flag in both directions");
        }
        if (wanted.sequenceOriginal() != null) {
            differ("sequence adjustment", wanted.sequenceOriginal(), is.sequenceOriginal(), "");
        }
        if (wanted.sequenceReply() != null) {
            differ("sequence adjustment of replies", wanted.sequenceReply(), is.sequenceReply(), "");
        }
        if (wanted.synproxy() != null) {
            differ("synproxy", wanted.synproxy(), is.synproxy(), "");
        }
    }
}
