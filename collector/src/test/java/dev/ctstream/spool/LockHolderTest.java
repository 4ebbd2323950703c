package dev.ctstream.spool;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.OptionalLong;
import org.junit.jupiter.api.Test;

class LockHolderTest {
    @Test
    void theUserOfADirectoryIsFoundByTheInodeOfItsLockFile() {
        List<String> locks = List.of(
                "1: FLOCK  ADVISORY  WRITE 11 08:01:77 0 EOF",
                "2: POSIX  ADVISORY  READ  12 08:01:77 0 EOF",
                "2: -> POSIX  ADVISORY  WRITE 14 08:01:77 0 EOF",
                "3: POSIX  ADVISORY  WRITE 13 08:01:78 0 EOF");
        assertThat(LockHolder.find(locks, "08:01:", 78)).isEqualTo(OptionalLong.of(13));
        assertThat(LockHolder.find(locks, "08:02:", 78)).isEmpty();
        assertThat(LockHolder.find(locks, "08:01:", 77)).isEmpty();
        assertThat(LockHolder.find(List.of("1: POSIX  ADVISORY  WRITE 15 00:2a:78 0 EOF"), "00:1f:", 78))
                .isEqualTo(OptionalLong.of(15));
        assertThat(LockHolder.device(0xFE01)).isEqualTo("fe:01:");
    }
}
