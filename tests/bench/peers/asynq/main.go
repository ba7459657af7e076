// SPDX-License-Identifier: MIT

// asynq on the Redis at $WEIR_PEER_PORT: a server with concurrency 10. It enqueues one task a call; "bulk" has 64 such calls
// under way at once. Called as asynq enqueue|bulk|process|latency N; prints one line of JSON with figures named as
// weir-bench names them. Build it by hand (go mod init peer && go mod tidy && go build) and name it in WEIR_PEER_ASYNQ.
package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"math"
	"math/rand"
	"os"
	"sort"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/hibiken/asynq"
)

var (
	redis   = asynq.RedisClientOpt{Addr: "127.0.0.1:" + os.Getenv("WEIR_PEER_PORT"), PoolSize: 64}
	payload = bytes.Repeat([]byte("x"), 64)
)

type figures map[string]float64

func must(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func send(client *asynq.Client) {
	_, err := client.Enqueue(asynq.NewTask("bench", payload))
	must(err)
}

func fill(client *asynq.Client, count, producers int) {
	var left = int64(count)
	var all sync.WaitGroup
	for p := 0; p < producers; p++ {
		all.Add(1)
		go func() {
			defer all.Done()
			for atomic.AddInt64(&left, -1) >= 0 {
				send(client)
			}
		}()
	}
	all.Wait()
}

func timed(count int, work func()) figures {
	start := time.Now()
	work()
	return figures{"tasks_per_s": float64(count) / time.Since(start).Seconds()}
}

func serve(handle func()) *asynq.Server {
	server := asynq.NewServer(redis, asynq.Config{Concurrency: 10, LogLevel: asynq.ErrorLevel})
	must(server.Start(asynq.HandlerFunc(func(context.Context, *asynq.Task) error {
		handle()
		return nil
	})))
	return server
}

func peakMB() float64 {
	status, _ := os.ReadFile("/proc/self/status")
	for _, line := range strings.Split(string(status), "\n") {
		if words := strings.Fields(line); len(words) > 1 && words[0] == "VmHWM:" {
			kB, _ := strconv.ParseFloat(words[1], 64)
			return kB / 1024
		}
	}
	return 0
}

// The clock stops when the queue is empty in the broker, as for the others.
func process(client *asynq.Client, count int) figures {
	fill(client, count, 64)
	inspector := asynq.NewInspector(redis)
	var handled int64
	var start time.Time
	var once sync.Once
	server := serve(func() {
		once.Do(func() { start = time.Now() })
		atomic.AddInt64(&handled, 1)
	})
	for atomic.LoadInt64(&handled) < int64(count) {
		time.Sleep(time.Millisecond)
	}
	for {
		queue, err := inspector.GetQueueInfo("default")
		must(err)
		if queue.Pending+queue.Active == 0 {
			break
		}
	}
	seconds := time.Since(start).Seconds()
	result := figures{"tasks_per_s": float64(count) / seconds, "peak_mb": peakMB()}
	server.Shutdown()
	return result
}

func latency(client *asynq.Client, count int) figures {
	arrived := make(chan time.Time, 1)
	server := serve(func() { arrived <- time.Now() })
	waits := make([]float64, 0, count)
	for i := 0; i <= count; i++ {
		time.Sleep(time.Duration(5+rand.Intn(25)) * time.Millisecond)
		sent := time.Now()
		send(client)
		waits = append(waits, (<-arrived).Sub(sent).Seconds()*1e3)
	}
	server.Stop()
	waits = waits[1:]
	sort.Float64s(waits)
	rank := func(part float64) float64 { return waits[int(math.Ceil(part*float64(count)))-1] }
	return figures{"pickup_p50_ms": rank(0.5), "pickup_p99_ms": rank(0.99)}
}

func main() {
	if len(os.Args) != 3 {
		fmt.Fprintln(os.Stderr, "usage: asynq enqueue|bulk|process|latency N")
		os.Exit(2)
	}
	count, err := strconv.Atoi(os.Args[2])
	must(err)
	client := asynq.NewClient(redis)
	var found figures
	switch os.Args[1] {
	case "enqueue":
		found = timed(count, func() { fill(client, count, 1) })
	case "bulk":
		found = timed(count, func() { fill(client, count, 64) })
	case "process":
		found = process(client, count)
	case "latency":
		found = latency(client, count)
	}
	must(json.NewEncoder(os.Stdout).Encode(found))
	os.Exit(0)
}
