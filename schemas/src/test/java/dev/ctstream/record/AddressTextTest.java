package dev.ctstream.record;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import java.net.Inet6Address;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Addresses have the text form of RFC 5952; a slow and simple reference implementation confirms it. */
class AddressTextTest {
    private static final int RANDOM_ADDRESSES = 200_000;
    private static final long SEED = Long.getLong("test.seed", 20_260_101L);

    @ParameterizedTest
    @CsvSource({
        "0:0:0:0:0:0:0:0, ::",
        "0:0:0:0:0:0:0:1, ::1",
        "1:0:0:0:0:0:0:0, 1::",
        "2001:DB8:0:0:0:0:2:1, 2001:db8::2:1",
        "2001:0db8:0:1:1:1:1:1, 2001:db8:0:1:1:1:1:1",
        "2001:0:0:1:0:0:0:1, 2001:0:0:1::1",
        "2001:db8:0:0:1:0:0:1, 2001:db8::1:0:0:1",
        "0:0:1:0:0:1:1:1, ::1:0:0:1:1:1",
        "1:1:1:1:1:1:0:0, 1:1:1:1:1:1::",
        "0:1:1:1:1:1:1:0, 0:1:1:1:1:1:1:0",
        "0:1:0:1:0:1:0:1, 0:1:0:1:0:1:0:1",
        "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff, ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff",
        "1:23:456:789a:bcde:f012:3456:7890, 1:23:456:789a:bcde:f012:3456:7890",
        "fe80:0:0:0:10:100:1000:0, fe80::10:100:1000:0",
        "0:0:0:0:0:ffff:c000:0280, ::ffff:192.0.2.128",
        "0:0:0:0:0:ffff:0:0, ::ffff:0.0.0.0",
        "0:0:0:0:0:ffff:ffff:ffff, ::ffff:255.255.255.255",
        "0:0:0:0:0:fffe:c000:0280, ::fffe:c000:280",
        "0:0:0:0:1:ffff:c000:0280, ::1:ffff:c000:280",
        "0:0:0:0:0:0:c000:0280, ::c000:280",
        "64:ff9b:0:0:0:0:c000:0280, 64:ff9b::c000:280",
    })
    void ipv6HasOneTextForm(String address, String expected) throws UnknownHostException {
        byte[] bytes = groups(address);
        assertThat(reference(bytes)).isEqualTo(expected);
        assertThat(text(bytes)).isEqualTo(expected);
        assertThat(InetAddress.getByName(expected)).isEqualTo(InetAddress.getByAddress(bytes));
    }

    @ParameterizedTest
    @ValueSource(strings = {"0.0.0.0", "255.255.255.255", "10.1.0.1", "1.20.255.9", "100.99.9.10", "192.168.0.100"})
    void ipv4IsFourDecimals(String address) throws UnknownHostException {
        assertThat(text(InetAddress.getByName(address).getAddress())).isEqualTo(address);
    }

    @ParameterizedTest
    @CsvSource(textBlock = """
            fd00:0:0:0:0:0:0:1,   fd00::1
            FD00::A,              fd00::a
            0:0:0:0:0:0:0:0,      ::
            ::ffff:1.2.3.4,       ::ffff:1.2.3.4
            ::1.2.3.4,            ::102:304
            1:0:0:2:0:0:0:3,      1:0:0:2::3
            0.0.0.0,              0.0.0.0
            255.255.255.255,      255.255.255.255
            """)
    void whatIsParsedIsWrittenInOneForm(String text, String written) throws UnknownHostException {
        byte[] bytes = AddressText.parse(text);
        InetAddress address =
                bytes.length == 4 ? InetAddress.getByAddress(bytes) : Inet6Address.getByAddress(null, bytes, -1);
        assertThat(AddressText.of(address)).isEqualTo(written);
        assertThat(AddressText.of(address, 53)).isEqualTo(bytes.length == 4 ? written + ":53" : "[" + written + "]:53");
        assertThat(AddressText.parse(written)).isEqualTo(bytes);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                "localhost",
                "10.0.1",
                "10",
                "167772161",
                "010.0.0.1",
                "10.0.0.00",
                "10.0.0.256",
                "10.0.0.1.",
                ".10.0.0.1",
                " 10.0.0.1",
                "0x0a.0.0.1",
                "1::2::3",
                ":::",
                "1:2:3:4:5:6:7",
                "1:2:3:4:5:6:7:8:9",
                "12345::",
                "fe80::1%eth0",
                "[::1]",
                "::ffff:010.0.0.1",
                "::1.2.3",
                "::1.2.3.4.5",
                "1.2.3.4::",
                "g::"
            })
    void onlyLiteralsWithoutLeadingZerosAreParsed(String text) {
        assertThatIllegalArgumentException().isThrownBy(() -> AddressText.parse(text));
    }

    @Test
    void everyOctetIsWrittenInEveryPosition() {
        for (int octet = 0; octet < 256; octet++) {
            for (int position = 0; position < 4; position++) {
                byte[] address = new byte[4];
                address[position] = (byte) octet;
                assertThat(text(address)).isEqualTo(reference(address));
            }
        }
    }

    @Test
    void randomAddressesEqualTheReference() {
        SplittableRandom random = new SplittableRandom(SEED);
        for (int i = 0; i < RANDOM_ADDRESSES; i++) {
            byte[] address = i % 4 == 0 ? randomIpv4(random) : randomIpv6(random);
            assertThat(text(address)).as("seed %d, address %d", SEED, i).isEqualTo(reference(address));
        }
    }

    private static byte[] randomIpv4(SplittableRandom random) {
        byte[] address = new byte[4];
        random.nextBytes(address);
        return address;
    }

    /** Has many zero groups, and groups of each length. */
    private static byte[] randomIpv6(SplittableRandom random) {
        ByteBuffer address = ByteBuffer.allocate(16);
        int zeros = random.nextInt(256);
        for (int group = 0; group < 8; group++) {
            int value = random.nextInt(1 << (4 * (1 + random.nextInt(4))));
            address.putShort((short) (((zeros >>> group) & 1) == 0 ? 0 : value));
        }
        return address.array();
    }

    /** A direct buffer, like a receive buffer. */
    private static ByteBuffer buffer(byte[] bytes) {
        return ByteBuffer.allocateDirect(bytes.length)
                .order(ByteOrder.nativeOrder())
                .put(bytes)
                .flip();
    }

    private static String text(byte[] address) {
        byte[] to = new byte[2 + AddressText.IPV6_MAX_BYTES + AddressText.SPILL_BYTES];
        int end = AddressText.write(to, 1, buffer(address), 0, address.length);
        int longest = address.length == 4 ? AddressText.IPV4_MAX_BYTES : AddressText.IPV6_MAX_BYTES;
        assertThat(end - 1).isLessThanOrEqualTo(longest);
        assertThat(to[1]).as("length, zigzag").isEqualTo((byte) (2 * (end - 2)));
        return new String(to, 2, end - 2, StandardCharsets.US_ASCII);
    }

    private static byte[] groups(String address) {
        ByteBuffer bytes = ByteBuffer.allocate(16).order(ByteOrder.BIG_ENDIAN);
        for (String group : address.split(":", 8)) {
            bytes.putShort((short) Integer.parseInt(group, 16));
        }
        return bytes.array();
    }

    /** RFC 5952 to the letter; speed does not matter. */
    private static String reference(byte[] address) {
        if (address.length == 4) {
            return decimals(address, 0);
        }
        String[] groups = new String[8];
        for (int i = 0; i < 8; i++) {
            groups[i] = Integer.toHexString(ByteBuffer.wrap(address).getShort(2 * i) & 0xFFFF);
        }
        if (String.join(":", groups).startsWith("0:0:0:0:0:ffff:")) {
            return "::ffff:" + decimals(address, 12);
        }
        int start = 0;
        int length = 1;
        for (int from = 0; from < 8; from++) {
            int to = from;
            while (to < 8 && groups[to].equals("0")) {
                to++;
            }
            if (to - from > length) {
                start = from;
                length = to - from;
            }
        }
        if (length < 2) {
            return String.join(":", groups);
        }
        String before = String.join(":", List.of(groups).subList(0, start));
        String after = String.join(":", List.of(groups).subList(start + length, 8));
        return before + "::" + after;
    }

    private static String decimals(byte[] address, int from) {
        return (address[from] & 0xFF)
                + "." + (address[from + 1] & 0xFF)
                + "." + (address[from + 2] & 0xFF)
                + "." + (address[from + 3] & 0xFF);
    }
}
