package dev.ctstream.conntrack;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import dev.ctstream.netlink.MessageWriter;
import dev.ctstream.netlink.SocketFilter;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Objects;
import java.util.Random;
import java.util.function.Supplier;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What a filter admits, by its own rules and by the program that the kernel runs. */
class FlowFilterTest {
    private static final int FILTERS = 1_000;
    private static final int MESSAGES = 100;

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "1,10-20 | 1,10-20",
                "10-20,15-30,5,6 | 5-6,10-30",
                "!5 | 0-4,6-65535",
                "1-9,!5,!9-20 | 1-4,6-8",
                "0,65535 | 0,65535"
            })
    void rangesAreJoinedAndExclusionsWin(String items, String zones) {
        assertThat(FlowFilter.parse(List.of(items.split(",")), List.of(), List.of()))
                .hasToString("zones " + zones + " protocols 0-255 networks all");
    }

    @Test
    void protocolsHaveNamesAndNumbers() {
        assertThat(FlowFilter.parse(List.of(), List.of("udp", "1-6", "!icmp"), List.of()))
                .hasToString("zones 0-65535 protocols 2-6,17 networks all");
    }

    @Test
    void networksAreWrittenInOneForm() {
        assertThat(FlowFilter.parse(List.of(), List.of(), List.of("2001:DB8:0::/32", "!10.1.2.3", "10.0.0.0/8")))
                .hasToString("zones 0-65535 protocols 0-255 networks !10.1.2.3/32,10.0.0.0/8,2001:db8::/32");
    }

    @Test
    void equalFiltersHaveOneDigestAndNoFilterHasNone() {
        FlowFilter one = FlowFilter.parse(List.of("1", "2"), List.of("6"), List.of());
        FlowFilter same = FlowFilter.parse(List.of("1-2"), List.of("tcp"), List.of());
        assertThat(one).isEqualTo(same);
        assertThat(one.digest()).isEqualTo(same.digest()).matches("[0-9a-f]{64}");
        assertThat(FlowFilter.parse(List.of(), List.of(), List.of())).isSameAs(FlowFilter.EVERYTHING);
        assertThat(FlowFilter.parse(List.of("0-65535"), List.of("0-255"), List.of()))
                .isSameAs(FlowFilter.EVERYTHING);
        assertThat(FlowFilter.EVERYTHING.digest()).isNull();
    }

    @Test
    void marksAreWrittenInOneFormAndExclusionsWin() {
        FlowFilter filter =
                FlowFilter.parse(List.of(), List.of(), List.of(), List.of("0x10/0xF0", "7", "!0x17/0x1f", "7"));
        assertThat(filter)
                .hasToString(
                        "zones 0-65535 protocols 0-255 networks all marks" + " !0x17/0x1f,0x10/0xf0,0x7/0xffffffff");
        assertThat(filter.program()).isNull();
        assertThat(filter.digest()).matches("[0-9a-f]{64}");
        assertThat(filter.digest())
                .isNotEqualTo(FlowFilter.parse(List.of(), List.of(), List.of(), List.of("7"))
                        .digest());
        assertThat(List.of(0x10L, 0x7L, 0x1fL, 0x17L, 0x37L, 0L).stream().map(mark -> opens(filter, mark)))
                .containsExactly(true, true, true, false, false, false);
        assertThat(FlowFilter.parse(List.of(), List.of(), List.of(), List.of("0/0")))
                .isSameAs(FlowFilter.EVERYTHING);
    }

    private static boolean opens(FlowFilter filter, long mark) {
        Random random = new Random(1);
        byte[] message = randomMessage(random, (int) mark);
        return filter.opens(decoded(message));
    }

    @ParameterizedTest
    @CsvSource({
        "0x1/0x2, has bits outside of its mask: no mark matches it",
        "!0/0, admits nothing",
        "0x100000000, is no mark",
        "4294967296, is no mark",
        "010, is no mark",
        "1/, is no mark",
        "1/2/3, is no mark",
        "blue, is no mark"
    })
    void whatIsNoMarkIsNamed(String item, String words) {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> FlowFilter.parse(List.of(), List.of(), List.of(), List.of(item)))
                .withMessage("'" + item + "' " + words + (words.equals("is no mark") ? " such as 0x10/0xf0" : ""));
    }

    @ParameterizedTest
    @CsvSource(
            quoteCharacter = '"',
            value = {
                "65536,,,'65536' is no number or range in 0-65535",
                "20-10,,,'20-10' is no number or range",
                "!0-65535,,,'!0-65535' admits nothing",
                "blue,,,'blue' is not a zone",
                ",tcpp,,'tcpp' is not a protocol",
                ",256,,'256' is no number or range in 0-255",
                ",,10.1.0.0/8,the network is 10.0.0.0/8",
                ",,10.0.0/8,'10.0.0/8' is no network",
                ",,host.example,'host.example' is no network",
                ",,10.0.0.0/33,'10.0.0.0/33' is no network",
                ",,10.0.0.0/x,'10.0.0.0/x' is no network"
            })
    void whatCannotBeReadIsNamed(String zones, String protocols, String networks, String words) {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> FlowFilter.parse(items(zones), items(protocols), items(networks)))
                .withMessageContaining(words);
    }

    private static List<String> items(String text) {
        return text == null ? List.of() : List.of(text);
    }

    @Test
    void moreThanTheKernelTakesIsRefused() {
        List<String> networks = IntStream.range(0, 600)
                .mapToObj(i -> "10." + i / 256 + "." + i % 256 + ".0/24")
                .toList();
        assertThatIllegalArgumentException()
                .isThrownBy(() -> FlowFilter.parse(List.of(), List.of(), networks))
                .withMessageContaining("the kernel takes 4096");
        assertThat(Objects.requireNonNull(FlowFilter.parse(List.of(), List.of(), networks.subList(0, 480))
                                .program())
                        .size())
                .isLessThanOrEqualTo(SocketFilter.MAX_INSTRUCTIONS);
    }

    @Test
    void theProgramCanBeRead() {
        assertThat(Objects.requireNonNull(
                        FlowFilter.parse(List.of("5"), List.of(), List.of()).program()))
                .hasToString("""
                           0  ldb [5]
                           1  jeq #0x1 2 else 3
                           2  ja 4
                           3  ja 30
                           4  ld #20
                           5  ldx #1
                           6  ld attribute x from offset a
                           7  jeq #0x0 8 else 9
                           8  ja 30
                           9  ldx #3
                          10  ld attribute x in the nest at offset a
                          11  jeq #0x0 12 else 13
                          12  ja 14
                          13  ja 19
                          14  ld #20
                          15  ldx #18
                          16  ld attribute x from offset a
                          17  jeq #0x0 18 else 19
                          18  ja 22
                          19  tax
                          20  ldh [x + 4]
                          21  ja 23
                          22  ld #0
                          23  jgt #0x5 24 else 25
                          24  ja 28
                          25  jgt #0x4 26 else 27
                          26  ja 29
                          27  ja 31
                          28  ja 31
                          29  ja 30
                          30  accept
                          31  drop
                        """);
    }

    @Test
    void kernelAndUserSpaceAgreeOn100000RandomMessagesAndFilters() throws Exception {
        Random random = new Random(17);
        int admitted = 0;
        for (int i = 0; i < FILTERS; i++) {
            FlowFilter filter = randomFilter(random);
            SocketFilter program = filter.program();
            if (program == null) {
                continue;
            }
            List<byte[]> messages = new ArrayList<>();
            for (int j = 0; j < MESSAGES; j++) {
                messages.add(randomMessage(random));
            }
            List<Boolean> verdicts = program.judge(messages);
            for (int j = 0; j < MESSAGES; j++) {
                byte[] message = messages.get(j);
                boolean admits = filter.admits(decoded(message));
                assertThat(verdicts.get(j))
                        .as("filter %d (%s), message %d", i, filter, j)
                        .isEqualTo(admits);
                admitted += admits ? 1 : 0;
            }
        }
        assertThat(admitted).isBetween(FILTERS * MESSAGES / 20, FILTERS * MESSAGES * 19 / 20);
    }

    private static FlowEvent decoded(byte[] message) {
        FlowEvent event = new FlowEvent();
        ByteBuffer buffer = Fixtures.buffer(message);
        assertThat(new FlowDecoder().decode(event, buffer, 0, message.length)).isTrue();
        return event;
    }

    private static FlowFilter randomFilter(Random random) {
        while (true) {
            try {
                return FlowFilter.parse(
                        randomItems(random, () -> randomRange(random, 12)),
                        randomItems(
                                random,
                                () -> random.nextBoolean()
                                        ? randomRange(random, 18)
                                        : random.nextBoolean() ? "tcp" : "udp"),
                        randomItems(random, () -> randomNetwork(random)),
                        randomItems(random, () -> "0x" + Integer.toHexString(random.nextInt()))); // not the kernel's
            } catch (IllegalArgumentException e) {
                assertThat(e).hasMessageContaining("admits nothing");
            }
        }
    }

    private static List<String> randomItems(Random random, Supplier<String> item) {
        List<String> items = new ArrayList<>();
        for (int i = random.nextInt(4); i > 0; i--) {
            items.add((random.nextInt(3) == 0 ? "!" : "") + item.get());
        }
        return items;
    }

    private static String randomRange(Random random, int bound) {
        int first = random.nextInt(bound);
        return random.nextBoolean() ? Integer.toString(first) : first + "-" + (first + random.nextInt(bound));
    }

    private static String randomNetwork(Random random) {
        int prefix = random.nextInt(5);
        return switch (random.nextInt(3)) {
            case 0 -> "10." + random.nextInt(3) + "." + random.nextInt(2) + "." + random.nextInt(3);
            case 1 ->
                switch (prefix) {
                    case 0 -> "0.0.0.0/0";
                    case 1 -> "10.0.0.0/8";
                    case 2 -> "10." + random.nextInt(3) + ".0.0/16";
                    case 3 -> "10." + random.nextInt(3) + "." + random.nextInt(2) + ".2/31";
                    default -> "10." + random.nextInt(3) + ".0.0/23";
                };
            default ->
                switch (prefix) {
                    case 0 -> "::/0";
                    case 1 -> "2001:db8::/32";
                    case 2 -> "2001:db8:" + random.nextInt(3) + "::/48";
                    case 3 -> "2001:db8:" + random.nextInt(3) + "::" + random.nextInt(3);
                    default -> "2001:db8:0:0:0:0:0:0/" + (33 + random.nextInt(90));
                };
        };
    }

    /** As the kernel writes them, but with the top-level attributes in any order. */
    private static byte[] randomMessage(Random random) {
        return randomMessage(random, random.nextInt());
    }

    private static byte[] randomMessage(Random random, int mark) {
        boolean six = random.nextInt(3) == 0;
        MessageWriter out = new MessageWriter();
        out.startNetfilter(
                random.nextBoolean() ? NfGenMsg.IPCTNL_MSG_CT_NEW : NfGenMsg.IPCTNL_MSG_CT_DELETE,
                0,
                0,
                six ? NfGenMsg.AF_INET6 : NfGenMsg.AF_INET,
                0,
                0);
        int zones = random.nextInt(5); // none, of the flow, of the original, of the reply direction, of both
        int protocol = random.nextInt(20);
        List<Runnable> attributes = new ArrayList<>();
        attributes.add(() -> tuple(out, random, Cta.CTA_TUPLE_ORIG, six, protocol, zones == 2 || zones == 4));
        attributes.add(() -> tuple(out, random, Cta.CTA_TUPLE_REPLY, six, protocol, zones >= 3));
        attributes.add(() -> out.be32(Cta.CTA_ID, random.nextInt()));
        attributes.add(() -> out.be32(Cta.CTA_STATUS, random.nextInt()));
        attributes.add(() -> out.be32(Cta.CTA_MARK, mark));
        if (zones == 1) {
            attributes.add(() -> out.be16(Cta.CTA_ZONE, random.nextInt(24)));
        }
        Collections.shuffle(attributes, random);
        attributes.forEach(Runnable::run);
        ByteBuffer written = out.finish();
        byte[] message = new byte[written.remaining()];
        written.get(message);
        return message;
    }

    private static void tuple(MessageWriter out, Random random, int type, boolean six, int protocol, boolean zone) {
        int tuple = out.beginNest(type);
        int ip = out.beginNest(Cta.CTA_TUPLE_IP);
        out.bytes(six ? Cta.CTA_IP_V6_SRC : Cta.CTA_IP_V4_SRC, address(random, six));
        out.bytes(six ? Cta.CTA_IP_V6_DST : Cta.CTA_IP_V4_DST, address(random, six));
        out.endNest(ip);
        int proto = out.beginNest(Cta.CTA_TUPLE_PROTO);
        out.u8(Cta.CTA_PROTO_NUM, protocol);
        out.endNest(proto);
        if (zone) {
            out.be16(Cta.CTA_TUPLE_ZONE, random.nextInt(24));
        }
        out.endNest(tuple);
    }

    private static byte[] address(Random random, boolean six) {
        byte[] v4 = {10, (byte) random.nextInt(3), (byte) random.nextInt(2), (byte) random.nextInt(4)};
        if (!six) {
            return v4;
        }
        byte[] v6 = new byte[16];
        v6[0] = 0x20;
        v6[1] = 0x01;
        v6[2] = 0x0d;
        v6[3] = (byte) 0xb8;
        v6[5] = (byte) random.nextInt(3);
        v6[15] = (byte) random.nextInt(4);
        return v6;
    }
}
