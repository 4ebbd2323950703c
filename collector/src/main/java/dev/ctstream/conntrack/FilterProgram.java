package dev.ctstream.conntrack;

import dev.ctstream.netlink.SocketFilter;
import dev.ctstream.netlink.SocketFilter.Label;
import dev.ctstream.record.AddressPrefix;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Collectors;

/**
 * Writes an {@link FlowFilter} as a program for event sockets. A message that lacks what it asks for passes: it will be
 * counted as malformed when it is decoded.
 *
 * <p>Threads: confined to one.
 */
final class FilterProgram {
    private static final int PAYLOAD = 4; // after an attribute's header
    private static final int NEST_CELL = 0;
    private static final int FIRST_ADDRESS_CELL = 1;
    private static final int[] TUPLES = {Cta.CTA_TUPLE_ORIG, Cta.CTA_TUPLE_REPLY};
    private static final int[] V4 = {Cta.CTA_IP_V4_SRC, Cta.CTA_IP_V4_DST};
    private static final int[] V6 = {Cta.CTA_IP_V6_SRC, Cta.CTA_IP_V6_DST};
    private static final int ADDRESSES = 4;
    private static final int V6_WORDS = 4;

    private final SocketFilter.Writer out = new SocketFilter.Writer();
    private final Label accept = new Label();
    private final Label drop = new Label();

    private FilterProgram() {}

    static SocketFilter of(FlowFilter filter) {
        return new FilterProgram().write(filter);
    }

    private SocketFilter write(FlowFilter filter) {
        Label conntrack = new Label();
        out.loadByte(SocketFilter.subsystemOffset())
                .jumpIfEqual(NfGenMsg.NFNL_SUBSYS_CTNETLINK, conntrack)
                .jump(accept)
                .place(conntrack);
        if (!filter.zones().isEverything()) {
            zone();
            within(filter.zones());
        }
        if (!filter.protocols().isEverything()) {
            protocol();
            within(filter.protocols());
        }
        networks(filter.networks());
        out.place(accept).accept();
        out.place(drop).drop();
        if (out.size() > SocketFilter.MAX_INSTRUCTIONS) {
            throw new IllegalArgumentException("the filter makes a program of " + out.size()
                    + " instructions, and the kernel takes " + SocketFilter.MAX_INSTRUCTIONS
                    + ": name larger networks or ranges");
        }
        return out.finish();
    }

    /** A = the zone of the original direction: the tuple's own, else the flow's, else 0. */
    private void zone() {
        Label own = new Label();
        Label of = new Label();
        Label none = new Label();
        Label known = new Label();
        out.findAttribute(NfGenMsg.ATTRIBUTES_OFFSET, Cta.CTA_TUPLE_ORIG).jumpIfEqual(0, accept);
        out.findNested(Cta.CTA_TUPLE_ZONE).jumpIfEqual(0, of).jump(own);
        out.place(of).findAttribute(NfGenMsg.ATTRIBUTES_OFFSET, Cta.CTA_ZONE).jumpIfEqual(0, none);
        out.place(own).toX().loadHalfAtX(PAYLOAD).jump(known);
        out.place(none).load(0);
        out.place(known);
    }

    /** A = the protocol of the original direction. */
    private void protocol() {
        out.findAttribute(NfGenMsg.ATTRIBUTES_OFFSET, Cta.CTA_TUPLE_ORIG).jumpIfEqual(0, accept);
        out.findNested(Cta.CTA_TUPLE_PROTO).jumpIfEqual(0, accept);
        out.findNested(Cta.CTA_PROTO_NUM).jumpIfEqual(0, accept);
        out.toX().loadByteAtX(PAYLOAD);
    }

    /** Goes on if A is in the set. */
    private void within(NumberSet set) {
        Label inside = new Label();
        for (NumberSet.Range range : set.ranges()) { // ascending
            Label above = new Label();
            out.jumpIfGreater(range.last(), above);
            if (range.first() > 0) {
                out.jumpIfGreater(range.first() - 1, inside).jump(drop);
            } else {
                out.jump(inside);
            }
            out.place(above);
        }
        out.jump(drop).place(inside);
    }

    private void networks(NetworkSet networks) {
        if (networks.isEverything()) {
            out.jump(accept);
            return;
        }
        Label six = new Label();
        Label four = new Label();
        out.loadByte(NfGenMsg.FAMILY_OFFSET)
                .jumpIfEqual(NfGenMsg.AF_INET, four)
                .jumpIfEqual(NfGenMsg.AF_INET6, six)
                .jump(accept);
        out.place(four);
        family(networks, V4, NfGenMsg.AF_INET);
        out.place(six);
        family(networks, V6, NfGenMsg.AF_INET6);
    }

    private void family(NetworkSet networks, int[] attributes, int family) {
        boolean four = family == NfGenMsg.AF_INET;
        int cell = FIRST_ADDRESS_CELL;
        for (int tuple : TUPLES) {
            out.findAttribute(NfGenMsg.ATTRIBUTES_OFFSET, tuple).jumpIfEqual(0, accept);
            out.findNested(Cta.CTA_TUPLE_IP).jumpIfEqual(0, accept);
            out.store(NEST_CELL);
            for (int attribute : attributes) {
                out.loadCell(NEST_CELL).findNested(attribute).jumpIfEqual(0, accept);
                if (four) {
                    out.toX().loadWordAtX(PAYLOAD);
                }
                out.store(cell++);
            }
        }
        List<AddressPrefix> excluded = of(networks.excluded(), family);
        List<AddressPrefix> included = of(networks.included(), family);
        if (four) {
            findFour(excluded, drop);
            findFour(included, accept);
        } else {
            findSix(excluded, drop);
            findSix(included, accept);
        }
        out.jump(networks.included().isEmpty() ? accept : drop);
    }

    private static List<AddressPrefix> of(List<AddressPrefix> networks, int family) {
        return networks.stream()
                .filter(network -> TupleMatch.family(network) == family)
                .toList();
    }

    /** Goes to the label if one of the addresses is in one of the networks; by prefix, so that each is masked once. */
    private void findFour(List<AddressPrefix> networks, Label to) {
        Map<Integer, List<AddressPrefix>> byPrefix = networks.stream()
                .collect(Collectors.groupingBy(AddressPrefix::bits, TreeMap::new, Collectors.toList()));
        for (int i = 0; i < ADDRESSES; i++) {
            for (List<AddressPrefix> same : byPrefix.values()) {
                out.loadCell(FIRST_ADDRESS_CELL + i).and(same.get(0).wordMask(0));
                same.forEach(network -> out.jumpIfEqual(network.word(0), to));
            }
        }
    }

    private void findSix(List<AddressPrefix> networks, Label to) {
        for (int i = 0; i < ADDRESSES; i++) {
            out.loadXCell(FIRST_ADDRESS_CELL + i);
            for (AddressPrefix network : networks) {
                Label next = new Label();
                for (int word = 0; word < V6_WORDS; word++) {
                    int mask = network.wordMask(word);
                    if (mask != 0) {
                        Label equal = new Label();
                        out.loadWordAtX(PAYLOAD + word * Integer.BYTES).and(mask);
                        out.jumpIfEqual(network.word(word), equal).jump(next).place(equal);
                    }
                }
                out.jump(to).place(next);
            }
        }
    }
}
