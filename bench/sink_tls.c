/* TLS 1.3 for the sink's sessions. The handshake blocks: what is measured is what an open session
 * costs the server, not how fast they come. The certificate is the benchmark's own, so nobody
 * checks it. */
#include <openssl/ssl.h>

#include "io.h"
#include "sink.h"

static SSL_CTX *context(void)
{
    static SSL_CTX *made;
    if (made == NULL) {
        made = SSL_CTX_new(TLS_client_method());
        if (made == NULL || SSL_CTX_set_min_proto_version(made, TLS1_3_VERSION) != 1)
            die("TLS");
        SSL_CTX_set_mode(made, SSL_MODE_RELEASE_BUFFERS);
    }
    return made;
}

void tls_begin(struct session *s)
{
    s->tls = SSL_new(context());
    if (s->tls == NULL || SSL_set_fd(s->tls, s->peer.fd) != 1 || SSL_connect(s->tls) != 1)
        die("the handshake of TLS failed");
}

void tls_end(struct session *s)
{
    SSL_free(s->tls);
    s->tls = NULL;
}

void tls_send(const struct session *s, const void *data, size_t len)
{
    if (SSL_write(s->tls, data, (int)len) != (int)len)
        die("send by TLS");
}

/* The records that are there: what is left in OpenSSL's memory wakes no epoll. */
size_t tls_recv(const struct session *s, uint8_t *data, size_t capacity)
{
    size_t len = 0;
    while (len < capacity) {
        int n = SSL_read(s->tls, data + len, (int)(capacity - len));
        if (n <= 0 && SSL_get_error(s->tls, n) != SSL_ERROR_WANT_READ)
            die("the peer ended a connection of TLS");
        if (n <= 0)
            break;
        len += (size_t)n;
    }
    return len;
}
