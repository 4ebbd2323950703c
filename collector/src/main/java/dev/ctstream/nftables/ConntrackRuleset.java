package dev.ctstream.nftables;

import dev.ctstream.netlink.Errno;
import dev.ctstream.netlink.MessageWriter;
import dev.ctstream.netlink.NetlinkException;
import dev.ctstream.netlink.NetlinkSocket;
import dev.ctstream.netlink.NetworkNamespace;
import dev.ctstream.netlink.NlMsgHdr;
import dev.ctstream.netlink.Refusal;
import dev.ctstream.netlink.RequestChannel;
import java.net.Inet4Address;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.function.Consumer;

/**
 * A table of nf_tables rules (family inet) that switches connection tracking on and steers it: zones, marks, NAT,
 * exemptions. For the demo, the benchmark and the kernel tests; the collector itself installs no rules.
 *
 * <p>Installing replaces a table of the same name in one transaction. The rules' comments appear in
 * {@code nft list ruleset}.
 *
 * <p>Threads: immutable; {@link #install()} and {@link #remove()} act on the calling thread's network namespace.
 *
 * <p>Errors: {@link NetlinkException} that names the rule that the kernel refused. EPERM without CAP_NET_ADMIN,
 * EOPNOTSUPP without nf_tables, ENOENT for an expression that the kernel lacks.
 *
 * <p>Source: {@code nft(8)}, {@code net/netfilter/nf_tables_api.c}.
 */
public final class ConntrackRuleset {
    private static final String DEFAULT_NAME = "ctstream";
    private static final int SUBSYSTEM = NfTables.NFNL_SUBSYS_NFTABLES << 8;

    private final String name;
    private final List<Rule> rules;

    private ConntrackRuleset(String name, List<Rule> rules) {
        this.name = name;
        this.rules = List.copyOf(rules);
    }

    /** A table that only switches connection tracking on so far. */
    public static Builder builder() {
        return new Builder();
    }

    /**
     * The chains of the table. Tracking itself runs at priority -200, so raw chains act before it, mangle chains after
     * it.
     */
    private enum Chain {
        RAW_OUTPUT("filter", NfTables.NF_INET_LOCAL_OUT, -300),
        RAW_PREROUTING("filter", NfTables.NF_INET_PRE_ROUTING, -300),
        MANGLE_OUTPUT("filter", NfTables.NF_INET_LOCAL_OUT, -150),
        MANGLE_PREROUTING("filter", NfTables.NF_INET_PRE_ROUTING, -150),
        NAT_OUTPUT("nat", NfTables.NF_INET_LOCAL_OUT, -100),
        NAT_POSTROUTING("nat", NfTables.NF_INET_POST_ROUTING, 100);

        static final List<Chain> RAW = List.of(RAW_OUTPUT, RAW_PREROUTING);
        static final List<Chain> MANGLE = List.of(MANGLE_OUTPUT, MANGLE_PREROUTING);

        final String type;
        final int hook;
        final int priority;

        Chain(String type, int hook, int priority) {
            this.type = type;
            this.hook = hook;
            this.priority = priority;
        }
    }

    /** Order inside a chain. Exempting ends the chain: a zone set later would make the packet tracked again. */
    private enum Rank {
        EXEMPT,
        DROP,
        STEER,
        ACCEPT
    }

    private record Rule(Chain chain, Rank rank, String comment, Consumer<RuleWriter> expressions) {}

    /** Installs the table in the calling thread's network namespace. */
    public void install() throws NetlinkException {
        try (RequestChannel channel = RequestChannel.open(NetlinkSocket.NETLINK_NETFILTER)) {
            install(channel);
        }
    }

    /** Installs the table in another network namespace. */
    public void install(NetworkNamespace namespace) throws NetlinkException {
        try (RequestChannel channel = RequestChannel.open(namespace, NetlinkSocket.NETLINK_NETFILTER)) {
            install(channel);
        }
    }

    private void install(RequestChannel channel) throws NetlinkException {
        List<Chain> chains = rules.stream().map(Rule::chain).distinct().sorted().toList();
        Transaction transaction = new Transaction(3 + chains.size() + rules.size());
        // Deleting fails without a table, so make sure that there is one.
        writeTable(transaction, NfTables.NFT_MSG_NEWTABLE, NlMsgHdr.NLM_F_CREATE);
        writeTable(transaction, NfTables.NFT_MSG_DELTABLE, 0);
        writeTable(transaction, NfTables.NFT_MSG_NEWTABLE, NlMsgHdr.NLM_F_CREATE);
        chains.forEach(chain -> writeChain(transaction, chain));
        rules.forEach(rule -> writeRule(transaction, rule));
        transaction.commit(channel);
    }

    /** Removes the table from the calling thread's network namespace; does nothing when it does not exist. */
    public void remove() throws NetlinkException {
        Transaction transaction = new Transaction(1);
        writeTable(transaction, NfTables.NFT_MSG_DELTABLE, 0);
        try (RequestChannel channel = RequestChannel.open(NetlinkSocket.NETLINK_NETFILTER)) {
            transaction.commit(channel);
        } catch (NetlinkException e) {
            if (e.errno() != Errno.ENOENT) {
                throw e;
            }
        }
    }

    private void writeTable(Transaction transaction, int type, int flags) {
        transaction.next("table " + name, type, flags).string(NfTables.NFTA_TABLE_NAME, name);
    }

    private void writeChain(Transaction transaction, Chain chain) {
        MessageWriter out = transaction.next("chain " + chain.name(), NfTables.NFT_MSG_NEWCHAIN, NlMsgHdr.NLM_F_CREATE);
        out.string(NfTables.NFTA_CHAIN_TABLE, name).string(NfTables.NFTA_CHAIN_NAME, chain.name());
        int hook = out.beginNest(NfTables.NFTA_CHAIN_HOOK);
        out.be32(NfTables.NFTA_HOOK_HOOKNUM, chain.hook).be32(NfTables.NFTA_HOOK_PRIORITY, chain.priority);
        out.endNest(hook).string(NfTables.NFTA_CHAIN_TYPE, chain.type);
    }

    private void writeRule(Transaction transaction, Rule rule) {
        String what = "rule \"" + rule.comment + "\" in " + rule.chain;
        int flags = NlMsgHdr.NLM_F_CREATE | NlMsgHdr.NLM_F_APPEND;
        MessageWriter out = transaction.next(what, NfTables.NFT_MSG_NEWRULE, flags);
        out.string(NfTables.NFTA_RULE_TABLE, name).string(NfTables.NFTA_RULE_CHAIN, rule.chain.name());
        int expressions = out.beginNest(NfTables.NFTA_RULE_EXPRESSIONS);
        rule.expressions.accept(new RuleWriter(out));
        out.endNest(expressions).bytes(NfTables.NFTA_RULE_USERDATA, comment(rule.comment));
    }

    /** User data as {@code nft} writes a comment: u8 type 0, u8 length, text with NUL. */
    private static byte[] comment(String text) {
        byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
        byte[] userData = Arrays.copyOf(new byte[] {0, (byte) (bytes.length + 1)}, bytes.length + 3);
        System.arraycopy(bytes, 0, userData, 2, bytes.length);
        return userData;
    }

    /** One batch: the kernel applies all of it or nothing. */
    private static final class Transaction {
        private final MessageWriter out = new MessageWriter();
        private final List<String> steps = new ArrayList<>();
        private final int size;

        Transaction(int size) {
            this.size = size;
            batchMarker(NfTables.NFNL_MSG_BATCH_BEGIN);
            steps.add("transaction");
        }

        private void batchMarker(int type) {
            out.startNetfilter(type, 0, 0, 0, 0, NfTables.NFNL_SUBSYS_NFTABLES);
        }

        /**
         * Begins the next message; only the last one asks for an acknowledgement, so many rules do not fill the receive
         * buffer.
         */
        MessageWriter next(String what, int type, int flags) {
            int ack = steps.size() == size ? NlMsgHdr.NLM_F_ACK : 0;
            steps.add(what);
            return out.startNetfilter(SUBSYSTEM | type, flags | ack, 0, NfTables.NFPROTO_INET, 0, 0);
        }

        void commit(RequestChannel channel) throws NetlinkException {
            batchMarker(NfTables.NFNL_MSG_BATCH_END);
            steps.add("transaction's end");
            Refusal refusal = channel.transact(out);
            if (refusal != null) {
                throw refusal.during("nf_tables " + steps.get(refusal.request()));
            }
        }
    }

    /**
     * Collects the rules of a table.
     *
     * <p>When several zone rules match a packet, the first one given applies. Both directions of a flow must match the
     * same zone: with NAT, name the address that both its original and its reply packets carry.
     */
    public static final class Builder {
        private static final int IPPROTO_TCP = 6;
        private static final int MAX_COMMENT_BYTES = 127;

        private final List<Rule> rules = new ArrayList<>();
        private String name = DEFAULT_NAME;

        private Builder() {
            add(
                    List.of(Chain.MANGLE_OUTPUT),
                    Rank.STEER,
                    "switches tracking on",
                    rule -> rule.tracked().verdict(NfTables.NF_ACCEPT));
        }

        /** Names the table; default {@code ctstream}. */
        public Builder name(String tableName) {
            name = tableName;
            return this;
        }

        /** Tracks flows from or to an address in a zone, 0..65535. */
        public Builder zone(InetAddress address, int zone) {
            return zone(address, zone, RuleWriter.BOTH_DIRECTIONS, "zone ");
        }

        /** Tracks flows from or to an address in a zone for the original direction only; replies are in zone 0. */
        public Builder originalZone(InetAddress address, int zone) {
            return zone(address, zone, 0, "original zone ");
        }

        /** Tracks flows from or to an address in a zone for the reply direction only; the original one is in zone 0. */
        public Builder replyZone(InetAddress address, int zone) {
            return zone(address, zone, 1, "reply zone ");
        }

        /**
         * Tracks flows of this host to an IPv4 network in the zone given by the last two bytes of the destination, in
         * this host's byte order: any number of zones with one rule.
         *
         * @param prefixLength 8 or 16
         */
        public Builder zoneOfDestination(Inet4Address network, int prefixLength) {
            check(prefixLength == Byte.SIZE || prefixLength == Short.SIZE, "prefix length", prefixLength);
            String comment = "zone by destination in " + network.getHostAddress() + "/" + prefixLength;
            return add(
                    List.of(Chain.RAW_OUTPUT),
                    Rank.STEER,
                    comment,
                    rule -> rule.address(false, network, prefixLength / Byte.SIZE)
                            .setZoneOfDestination());
        }

        private Builder zone(InetAddress address, int zone, int direction, String words) {
            check(zone >= 0 && zone <= 0xFFFF, "zone", zone);
            String comment = words + zone + " for " + address.getHostAddress();
            return eitherAddress(Chain.RAW, comment, address, rule -> rule.setZone(zone, direction));
        }

        /** Marks flows from or to an address. */
        public Builder mark(InetAddress address, long mark) {
            check(mark >= 0 && mark <= 0xFFFF_FFFFL, "mark", mark);
            String comment = "mark " + mark + " for " + address.getHostAddress();
            return eitherAddress(Chain.MANGLE, comment, address, rule -> rule.setMark(mark));
        }

        private Builder eitherAddress(
                List<Chain> chains, String comment, InetAddress address, Consumer<RuleWriter> action) {
            int addressBytes = address.getAddress().length;
            for (boolean source : new boolean[] {true, false}) {
                add(chains, Rank.STEER, comment, rule -> action.accept(rule.address(source, address, addressBytes)));
            }
            return this;
        }

        /** Exempts TCP segments from or to a port from tracking. */
        public Builder notrackTcpPort(int port) {
            check(port > 0 && port <= 0xFFFF, "port", port);
            for (boolean source : new boolean[] {true, false}) {
                add(
                        Chain.RAW,
                        Rank.EXEMPT,
                        "no tracking of TCP port " + port,
                        rule -> rule.port(IPPROTO_TCP, source, port).notrack().verdict(NfTables.NF_ACCEPT));
            }
            return this;
        }

        /** Exempts packets that an address sends to itself from tracking, whatever their ports. */
        public Builder notrackWithin(InetAddress address) {
            int addressBytes = address.getAddress().length;
            return add(
                    Chain.RAW,
                    Rank.EXEMPT,
                    "no tracking within " + address.getHostAddress(),
                    rule -> rule.address(true, address, addressBytes)
                            .address(false, address, addressBytes)
                            .notrack()
                            .verdict(NfTables.NF_ACCEPT));
        }

        /**
         * Drops packets to a network when they come in. On loopback that is after their flow was confirmed on the way
         * out: it stays an unreplied flow.
         *
         * @param prefixLength a multiple of 8
         */
        public Builder dropIncoming(InetAddress network, int prefixLength) {
            int addressBits = network.getAddress().length * Byte.SIZE;
            boolean whole = prefixLength > 0 && prefixLength <= addressBits && prefixLength % Byte.SIZE == 0;
            check(whole, "prefix length", prefixLength);
            String comment = "drops " + network.getHostAddress() + "/" + prefixLength;
            return add(
                    List.of(Chain.RAW_PREROUTING),
                    Rank.DROP,
                    comment,
                    rule -> rule.address(false, network, prefixLength / Byte.SIZE)
                            .verdict(NfTables.NF_DROP));
        }

        /** Redirects flows of this host to another address and port. */
        public Builder dnat(int protocol, InetSocketAddress from, InetSocketAddress to) {
            InetAddress address = from.getAddress();
            checkFamilies(address, to.getAddress());
            String comment = "dnat " + text(from) + " to " + text(to);
            return add(
                    List.of(Chain.NAT_OUTPUT),
                    Rank.STEER,
                    comment,
                    rule -> rule.address(false, address, address.getAddress().length)
                            .port(protocol, false, from.getPort())
                            .nat(NfTables.NFT_NAT_DNAT, to.getAddress(), to.getPort()));
        }

        /** Gives flows to an address another source address; the kernel keeps the port when it can. */
        public Builder snat(InetAddress destination, InetAddress source) {
            checkFamilies(destination, source);
            String comment = "snat to " + destination.getHostAddress() + " as " + source.getHostAddress();
            return add(
                    List.of(Chain.NAT_POSTROUTING),
                    Rank.STEER,
                    comment,
                    rule -> rule.address(false, destination, destination.getAddress().length)
                            .nat(NfTables.NFT_NAT_SNAT, source, 0));
        }

        private Builder add(List<Chain> chains, Rank rank, String comment, Consumer<RuleWriter> expressions) {
            check(comment.length() <= MAX_COMMENT_BYTES, "comment length", comment.length());
            chains.forEach(chain -> rules.add(new Rule(chain, rank, comment, expressions)));
            return this;
        }

        private static String text(InetSocketAddress address) {
            return address.getAddress().getHostAddress() + " port " + address.getPort();
        }

        private static void checkFamilies(InetAddress first, InetAddress second) {
            if (first.getAddress().length != second.getAddress().length) {
                throw new IllegalArgumentException(
                        first.getHostAddress() + " and " + second.getHostAddress() + " are of different families");
            }
        }

        private static void check(boolean valid, String what, long value) {
            if (!valid) {
                throw new IllegalArgumentException(what + " " + value);
            }
        }

        /** The table; nothing has reached the kernel yet. */
        public ConntrackRuleset build() {
            List<Rule> ordered = new ArrayList<>(rules);
            ordered.sort(Comparator.comparing(Rule::rank)); // stable
            return new ConntrackRuleset(name, ordered);
        }
    }
}
