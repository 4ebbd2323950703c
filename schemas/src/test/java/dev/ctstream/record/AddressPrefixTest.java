package dev.ctstream.record;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import java.math.BigInteger;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class AddressPrefixTest {
    private static final int ADDRESSES = 20_000;

    @ParameterizedTest
    @ValueSource(
            strings = {
                "10.0.0",
                "10.0.0.1/33",
                "10.0.0.1/-1",
                "10.0.0.1/+8",
                "10.0.0.1/x",
                "10.0.0.1/",
                "10.0.0.1/8/8",
                "::1/129",
                "host",
                "",
                "/8"
            })
    void whatIsNoPrefixIsRefused(String text) {
        assertThatIllegalArgumentException().isThrownBy(() -> AddressPrefix.parse(text));
    }

    @ParameterizedTest
    @CsvSource({
        "10.1.2.3, 10.1.2.3/32, 10.1.2.3/32",
        "10.1.2.3/8, 10.1.2.3/8, 10.0.0.0/8",
        "10.1.2.3/0, 10.1.2.3/0, 0.0.0.0/0",
        "2001:DB8:0::7, 2001:db8::7/128, 2001:db8::7/128",
        "2001:db8:1:2:3::/64, 2001:db8:1:2:3::/64, 2001:db8:1:2::/64",
        "2001:db8:1:2:3:4:5:6/96, 2001:db8:1:2:3:4:5:6/96, 2001:db8:1:2:3:4::/96",
        "::ffff:10.0.0.1/104, ::ffff:10.0.0.1/104, ::ffff:10.0.0.0/104"
    })
    void itsTextIsThatOfRfc5952AndItsNetworkHasNoOtherBits(String text, String written, String network) {
        AddressPrefix prefix = AddressPrefix.parse(text);
        assertThat(prefix).hasToString(written);
        assertThat(prefix.network()).hasToString(network);
        assertThat(prefix.isNetwork()).isEqualTo(written.equals(network));
        assertThat(prefix.network().isNetwork()).isTrue();
        assertThat(AddressPrefix.parse(written)).isEqualTo(prefix).hasSameHashCodeAs(prefix);
    }

    @Test
    void anAddressOfTheOtherFamilyIsInNoPrefix() {
        assertThat(AddressPrefix.parse("0.0.0.0/0").contains("::ffff:10.0.0.1")).isFalse();
        assertThat(AddressPrefix.parse("::/0").contains("10.0.0.1")).isFalse();
        assertThat(AddressPrefix.parse("::/0").contains("")).isFalse();
        assertThat(AddressPrefix.parse("::/0").contains("::zone")).isFalse();
    }

    /** Against plain arithmetic, at any offset and in both byte orders of a buffer. */
    @Test
    void randomAddressesAreJudgedByTheirFirstBits() {
        Random random = new Random(4);
        int inside = 0;
        for (int i = 0; i < ADDRESSES; i++) {
            byte[] wanted = new byte[random.nextBoolean() ? 4 : 16];
            random.nextBytes(wanted);
            int most = wanted.length * Byte.SIZE;
            int bits = random.nextInt(most + 1);
            AddressPrefix prefix = AddressPrefix.parse(AddressText.of(wanted) + "/" + bits);
            byte[] address = wanted.clone();
            int flipped = random.nextInt(most);
            address[flipped / Byte.SIZE] ^= (byte) (0x80 >>> flipped % Byte.SIZE);
            boolean expected = first(address, bits).equals(first(wanted, bits));
            int offset = random.nextInt(5);
            ByteBuffer buffer = ByteBuffer.allocate(21)
                    .order(random.nextBoolean() ? ByteOrder.BIG_ENDIAN : ByteOrder.LITTLE_ENDIAN)
                    .put(offset, address);
            assertThat(prefix.contains(buffer, offset, address.length))
                    .as("%s in %s", AddressText.of(address), prefix)
                    .isEqualTo(expected);
            assertThat(prefix.contains(AddressText.of(address))).isEqualTo(expected);
            inside += expected ? 1 : 0;
        }
        assertThat(inside).isBetween(ADDRESSES / 10, ADDRESSES * 9 / 10);
    }

    private static BigInteger first(byte[] address, int bits) {
        return new BigInteger(1, address).shiftRight(address.length * Byte.SIZE - bits);
    }

    @Test
    void wordsAndMasksAreThoseOfTheAddress() {
        AddressPrefix prefix = AddressPrefix.parse("2001:db8:1:2:3:4:5:6/72");
        assertThat(new int[] {prefix.word(0), prefix.word(1), prefix.word(2), prefix.word(3)})
                .containsExactly(0x20010db8, 0x00010002, 0x00030004, 0x00050006);
        assertThat(new int[] {prefix.wordMask(0), prefix.wordMask(1), prefix.wordMask(2), prefix.wordMask(3)})
                .containsExactly(-1, -1, 0xFF000000, 0);
        assertThat(AddressPrefix.parse("10.1.2.3/20").wordMask(0)).isEqualTo(0xFFFFF000);
        assertThat(AddressPrefix.parse("10.1.2.3/20").word(0)).isEqualTo(0x0A010203);
    }
}
