/* Wait queues: see wait.h. */
#include "kernel/sched/task.h"
#include "kernel/sched/wait.h"

/* An empty queue. */
void init_waitqueue_head(struct wait_queue_head *wq)
{
	spin_lock_init(&wq->lock);
	INIT_LIST_HEAD(&wq->head);
}

/* Wakes the thread; the entry stays on the queue. */
bool default_wake_function(struct wait_queue_entry *wqe, u32 key)
{
	(void)key;
	return wake_up_process(wqe->task);
}

/* Wakes the thread and takes the entry off, so that one wake-up is not spent twice on it. */
bool autoremove_wake_function(struct wait_queue_entry *wqe, u32 key)
{
	bool woken = default_wake_function(wqe, key);

	if (woken)
		list_del_init(&wqe->entry);
	return woken;
}

/* Non-exclusive entries are first, exclusive ones last, so that one pass wakes both kinds. */
static void queue_entry(struct wait_queue_head *wq, struct wait_queue_entry *wqe)
{
	if (wqe->flags & WQ_FLAG_EXCLUSIVE)
		list_add_tail(&wqe->entry, &wq->head);
	else
		list_add(&wqe->entry, &wq->head);
}

void add_wait_queue(struct wait_queue_head *wq, struct wait_queue_entry *wqe)
{
	unsigned long flags = spin_lock_irqsave(&wq->lock);

	wqe->flags &= ~WQ_FLAG_EXCLUSIVE;
	queue_entry(wq, wqe);
	spin_unlock_irqrestore(&wq->lock, flags);
}

void add_wait_queue_exclusive(struct wait_queue_head *wq, struct wait_queue_entry *wqe)
{
	unsigned long flags = spin_lock_irqsave(&wq->lock);

	wqe->flags |= WQ_FLAG_EXCLUSIVE;
	queue_entry(wq, wqe);
	spin_unlock_irqrestore(&wq->lock, flags);
}

void remove_wait_queue(struct wait_queue_head *wq, struct wait_queue_entry *wqe)
{
	unsigned long flags = spin_lock_irqsave(&wq->lock);

	list_del_init(&wqe->entry);
	spin_unlock_irqrestore(&wq->lock, flags);
}

/* The state changes under the lock: a waker either finds the entry and the state, or neither. */
static void prepare(struct wait_queue_head *wq, struct wait_queue_entry *wait, int state)
{
	unsigned long flags = spin_lock_irqsave(&wq->lock);

	if (list_empty(&wait->entry))
		queue_entry(wq, wait);
	WRITE_ONCE(current->state, state);
	spin_unlock_irqrestore(&wq->lock, flags);
}

void prepare_to_wait(struct wait_queue_head *wq, struct wait_queue_entry *wait, int state)
{
	wait->flags &= ~WQ_FLAG_EXCLUSIVE;
	prepare(wq, wait, state);
}

void prepare_to_wait_exclusive(struct wait_queue_head *wq, struct wait_queue_entry *wait,
			       int state)
{
	wait->flags |= WQ_FLAG_EXCLUSIVE;
	prepare(wq, wait, state);
}

void finish_wait(struct wait_queue_head *wq, struct wait_queue_entry *wait)
{
	WRITE_ONCE(current->state, TASK_RUNNING);
	if (!list_empty(&wait->entry))
		remove_wait_queue(wq, wait);
}

void wake_entries(struct wait_queue_head *wq, u32 key, bool one_exclusive)
{
	unsigned long flags = spin_lock_irqsave(&wq->lock);
	struct wait_queue_entry *wqe, *next;

	list_for_each_entry_safe(wqe, next, &wq->head, entry) {
		bool exclusive = wqe->flags & WQ_FLAG_EXCLUSIVE;

		if (wqe->func(wqe, key) && exclusive && one_exclusive)
			break;
	}
	spin_unlock_irqrestore(&wq->lock, flags);
}
