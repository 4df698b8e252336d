import type { inbox as english } from "../en/inbox.ts";
import type { Texts } from "../en/index.ts";

export const inbox: Texts<typeof english> = {
  "inbox.title": "Hộp việc",
  "inbox.lead": "Những việc chờ bạn quyết định, mới nhất trước; sau đó là yêu cầu của chính bạn.",
  "inbox.views": "Các chế độ xem hộp việc",
  "inbox.waiting": "Chờ tôi quyết định",
  "inbox.mine": "Yêu cầu của tôi",
  "inbox.voted": "Tôi đã quyết định",
  "inbox.waitingNone": "Không có việc nào chờ bạn.",
  "inbox.waitingNot": "Vai trò của bạn không có quyền bỏ phiếu, nên không có việc nào chờ bạn ở đây.",
  "inbox.mineNone": "Bạn chưa tạo yêu cầu nào.",
  "inbox.votedNone": "Bạn chưa bỏ phiếu lần nào.",
  "inbox.none": "Không có yêu cầu nào như vậy. Hãy đổi bộ lọc hoặc từ khóa.",
  "requests.title": "Yêu cầu",
  "requests.lead": "Mọi yêu cầu và kết quả của chúng, mới nhất trước.",
  "requests.search": "Tìm kiếm",
  "requests.searchHint": "Mã, tiêu đề, kế hoạch, đích…",
  "requests.status": "Trạng thái",
  "requests.risk": "Rủi ro",
  "requests.any": "Tất cả",
  "requests.by": "do {principal} tạo",
  "requests.quorum": "{approvals} trên {required} phiếu thuận",
  "requests.council": "hội đồng {approvals} trên {required}",
  "requests.decided": "đã quyết định",
  "requests.shown": "đang hiện {count}",
};
